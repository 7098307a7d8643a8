#include "danlu/backends/cpu/ref/reduction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/ref/run_kernel.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> ramp(int64_t n) {
  std::vector<double> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 37 % 101) - 50;
  return values;
}

/// The elements of `x` that fall into each output.
std::vector<std::vector<double>> groups(const std::vector<double>& x, const Shape& shape,
                                        const std::vector<int64_t>& axes) {
  int64_t outputs = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!std::count(axes.begin(), axes.end(), i)) outputs *= shape[i];
  }
  std::vector<std::vector<double>> result(static_cast<size_t>(outputs));
  for (size_t flat = 0; flat < x.size(); ++flat) {
    int64_t rest = static_cast<int64_t>(flat), at = 0, stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      if (!std::count(axes.begin(), axes.end(), i)) {
        at += rest % shape[i] * stride;
        stride *= shape[i];
      }
      rest /= shape[i];
    }
    result[static_cast<size_t>(at)].push_back(x[flat]);
  }
  return result;
}

TEST(RefReduction, EveryChoiceOfAxesAndDtype) {
  const Shape shape{3, 4, 5, 11};
  const auto x = ramp(shape.num_elements());
  for (int mask = 0; mask < 16; ++mask) {
    std::vector<int64_t> axes;
    for (int i = 0; i < 4; ++i) {
      if (mask >> i & 1) axes.push_back(i);
    }
    const AttrsPtr attrs = make_attrs(ReductionAttrs{axes, mask % 2 == 1});
    const auto parts = groups(x, shape, axes);
    for (const DType dtype :
         {DType::float32, DType::float64, DType::bfloat16, DType::int32, DType::int64}) {
      for (const int threads : {1, 3}) {
        const HostTensor in = tensor_of(x, shape, dtype);
        const auto run = [&](const KernelDef& kernel, const OpDef& op) {
          return as_doubles(run_kernel(kernel, op, attrs, {in}, threads).outputs[0]);
        };
        const auto sums = run(ref_sum(), sum_op());
        const auto greatest = run(ref_max(), max_op());
        const auto least = run(ref_min(), min_op());
        ASSERT_EQ(sums.size(), parts.size());
        for (size_t i = 0; i < parts.size(); ++i) {
          double total = 0;
          for (double v : parts[i]) total += v;
          const double rounded =
              as_doubles(tensor_of({total}, {1}, is_floating(dtype) ? dtype : DType::int64))[0];
          ASSERT_EQ(sums[i], rounded) << "mask " << mask << " " << name(dtype);
          ASSERT_EQ(greatest[i], *std::max_element(parts[i].begin(), parts[i].end()));
          ASSERT_EQ(least[i], *std::min_element(parts[i].begin(), parts[i].end()));
        }
      }
    }
  }
}

TEST(RefReduction, SpecialValues) {
  const auto run = [](const KernelDef& kernel, const OpDef& op, std::vector<double> x) {
    const AttrsPtr attrs = make_attrs(ReductionAttrs{{0}});
    return as_doubles(
        run_kernel(kernel, op, attrs, {tensor_of(x, {int64_t(x.size())})}).outputs[0])[0];
  };
  for (const size_t at : {0, 3, 8, 16}) {
    std::vector<double> x(17, 1.0);
    x[at] = kNan;
    EXPECT_TRUE(std::isnan(run(ref_sum(), sum_op(), x)));
    EXPECT_TRUE(std::isnan(run(ref_max(), max_op(), x)));
    EXPECT_TRUE(std::isnan(run(ref_min(), min_op(), x)));
    EXPECT_EQ(run(ref_argmax(), argmax_op(), x), static_cast<double>(at));
    EXPECT_EQ(run(ref_argmin(), argmin_op(), x), static_cast<double>(at));
  }
  EXPECT_EQ(run(ref_max(), max_op(), {-kInf, -kInf}), -kInf);
  EXPECT_EQ(run(ref_min(), min_op(), {kInf, kInf}), kInf);
  EXPECT_TRUE(std::isnan(run(ref_sum(), sum_op(), {kInf, -kInf})));
  EXPECT_EQ(run(ref_sum(), sum_op(), {}), 0);
  // Adding in float32 would lose every one of these.
  EXPECT_EQ(run(ref_sum(), sum_op(), {1e8, 1, 1, 1, 1, 1, 1, 1, 1, -1e8}), 8);
}

TEST(RefReduction, IntegersAreExactAndBoolsCount) {
  const AttrsPtr attrs = make_attrs(ReductionAttrs{{0}});
  const auto big = HostTensor::from(std::vector<int64_t>{(int64_t{1} << 60) + 1, 1, -3});
  EXPECT_EQ(run_kernel(ref_sum(), sum_op(), attrs, {big}).outputs[0].to_vector<int64_t>()[0],
            (int64_t{1} << 60) - 1);
  EXPECT_EQ(run_kernel(ref_max(), max_op(), attrs, {big}).outputs[0].to_vector<int64_t>()[0],
            (int64_t{1} << 60) + 1);
  const auto bytes = tensor_of(std::vector<double>(1000, 255), {1000}, DType::uint8);
  EXPECT_EQ(as_doubles(run_kernel(ref_sum(), sum_op(), attrs, {bytes}).outputs[0])[0], 255000);
  const auto bools = tensor_of({1, 0, 1, 1}, {4}, DType::bool_);
  EXPECT_EQ(as_doubles(run_kernel(ref_sum(), sum_op(), attrs, {bools}).outputs[0])[0], 3);
  EXPECT_EQ(as_doubles(run_kernel(ref_min(), min_op(), attrs, {bools}).outputs[0])[0], 0);
}

TEST(RefArgmax, FirstOfEqualsAlongEachAxis) {
  const Shape shape{4, 6, 5};
  std::vector<double> x(120);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 7 % 4);
  for (int64_t axis = 0; axis < 3; ++axis) {
    const AttrsPtr attrs = make_attrs(ReductionAttrs{{axis}});
    const auto parts = groups(x, shape, {axis});
    for (const DType dtype : {DType::float32, DType::int32, DType::bfloat16}) {
      const HostTensor in = tensor_of(x, shape, dtype);
      const auto greatest =
          run_kernel(ref_argmax(), argmax_op(), attrs, {in}, 2).outputs[0].to_vector<int64_t>();
      const auto least =
          run_kernel(ref_argmin(), argmin_op(), attrs, {in}).outputs[0].to_vector<int64_t>();
      for (size_t i = 0; i < parts.size(); ++i) {
        const auto& part = parts[i];
        EXPECT_EQ(greatest[i], std::max_element(part.begin(), part.end()) - part.begin());
        EXPECT_EQ(least[i], std::min_element(part.begin(), part.end()) - part.begin());
      }
    }
  }
}

}  // namespace
}  // namespace danlu::cpu
