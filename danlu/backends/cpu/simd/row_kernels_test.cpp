// Paths of row kernels that are too long for the samples of the op sweep.
#include <gtest/gtest.h>

#include <limits>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/fft/fft_attrs.h"
#include "danlu/ops/image/resample_attrs.h"
#include "danlu/ops/reduction/cumulative_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting/sorting_attrs.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;

std::vector<Isa> instruction_sets() {
  std::vector<Isa> sets;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa <= cpu_isa()) sets.push_back(isa);
  }
  return sets;
}

Call call_of(const OpDef& op, const std::vector<Shape>& shapes, AttrsPtr attrs) {
  OpSample sample{.label = "", .attrs = std::move(attrs)};
  for (const Shape& shape : shapes) sample.inputs.push_back({shape, DType::float32});
  return make_call(op, sample);
}

/// Every instruction set and number of threads against the reference.
void compare(const Call& call, double tolerance) {
  const auto expected = testing::run(call, "ref");
  for (const Isa isa : instruction_sets()) {
    for (const int threads : {1, 3}) {
      const auto actual = testing::run(call, "simd", threads, isa);
      for (size_t output = 0; output < expected.size(); ++output) {
        for (size_t i = 0; i < expected[output].size(); ++i) {
          const double a = actual[output][i], b = expected[output][i];
          if (a != a && b != b) continue;
          ASSERT_NEAR(a, b, tolerance) << call.op->name << ", " << name(isa) << ", " << threads
                                       << " threads, output " << output << ", element " << i;
        }
      }
    }
  }
}

TEST(RowKernels, RunningSumsOfEveryDirection) {
  for (const bool reverse : {false, true}) {
    for (const bool exclusive : {false, true}) {
      const auto attrs = [&](int64_t axis) {
        return make_attrs(CumulativeAttrs{CumulativeKind::sum, axis, reverse, exclusive});
      };
      compare(call_of(cumulative_op(), {{70000}}, attrs(0)), 2e-4);   // in parts
      compare(call_of(cumulative_op(), {{5, 131}}, attrs(1)), 2e-5);  // whole vectors and a rest
      compare(call_of(cumulative_op(), {{2, 9, 1100}}, attrs(1)), 2e-5);
    }
  }
}

TEST(RowKernels, TransformsOfManyPasses) {
  for (const int64_t n : {32, 48, 64, 96, 128, 256, 320, 512, 1024, 1536, 2048}) {
    compare(call_of(fft_op(), {{2, n}, {2, n}}, make_attrs(FftAttrs{})), 2e-4);
    compare(call_of(rfft_op(), {{2, n}}, nullptr), 2e-4);
    compare(call_of(irfft_op(), {{2, n / 2 + 1}, {2, n / 2 + 1}}, make_attrs(IrfftAttrs{n})), 2e-4);
  }
}

TEST(RowKernels, SortingLongRowsOfEqualAndMissingNumbers) {
  Call call = call_of(sort_op(), {{50000}}, make_attrs(AxisAttrs{0}));
  for (size_t i = 0; i < call.values[0].size(); ++i) {
    double& x = call.values[0][i];
    if (i % 7 == 0) x = 0.5;
    if (i % 1000 == 3) x = std::numeric_limits<double>::quiet_NaN();
    if (i % 1000 == 5) x = i % 2000 == 5 ? -0.0 : 0.0;
  }
  compare(call, 0);
  call.op = &argsort_op();
  compare(call, 0);
}

TEST(RowKernels, TheGreatestOfLongRows) {
  Call call = call_of(top_k_op(), {{3, 3001}}, make_attrs(TopKAttrs{7}));
  for (size_t i = 0; i < call.values[0].size(); ++i) {
    double& x = call.values[0][i];
    if (i % 5 == 0) x = 1.75;
    if (i > 6002 && i % 100 == 7) x = std::numeric_limits<double>::quiet_NaN();
  }
  compare(call, 0);
}

TEST(RowKernels, ResizingAndItsTransposeAreAdjoint) {
  using enum ResampleFilter;
  for (const auto filter : {linear, cubic, lanczos3}) {
    for (const bool antialias : {false, true}) {
      ResampleAttrs attrs{7, 40, 17, 9, filter, antialias, false};
      const Call there = call_of(resample_op(), {{2, 7, 40, 3}}, make_attrs(attrs));
      attrs.transpose = true;
      const Call back = call_of(resample_op(), {{2, 17, 9, 3}}, make_attrs(attrs));
      const auto y = testing::run(there, "simd", 2)[0], x = testing::run(back, "simd", 2)[0];
      double forward = 0, backward = 0;
      for (size_t i = 0; i < y.size(); ++i) forward += y[i] * back.values[0][i];
      for (size_t i = 0; i < x.size(); ++i) backward += x[i] * there.values[0][i];
      EXPECT_NEAR(forward, backward, 1e-3);
      compare(there, 1e-5);
      compare(back, 1e-5);
    }
  }
}

TEST(RowKernels, ResizingKeepsWhatIsEvenAndWhatStays) {
  Call call = call_of(resample_op(), {{1, 6, 5, 2}}, make_attrs(ResampleAttrs{6, 5, 13, 5}));
  std::fill(call.values[0].begin(), call.values[0].end(), 0.75);
  const auto even = testing::run(call, "simd");
  for (const double y : even[0]) EXPECT_NEAR(y, 0.75, 1e-6);
  const Call same = call_of(resample_op(), {{1, 6, 5, 2}},
                            make_attrs(ResampleAttrs{6, 5, 6, 5, ResampleFilter::lanczos5}));
  EXPECT_EQ(testing::run(same, "simd")[0], same.values[0]);
}

}  // namespace
}  // namespace danlu::cpu
