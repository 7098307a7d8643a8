#include <gtest/gtest.h>

#include <string>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::make_call;
using testing::relative_error;
using testing::run;

struct Case {
  int64_t batch, m, n, k;
};

std::vector<TensorSpec> operands(const Case& c, const MatmulAttrs& attrs) {
  const Shape a = attrs.transpose_a ? Shape({c.batch, c.k, c.m}) : Shape({c.batch, c.m, c.k});
  const Shape b = attrs.transpose_b ? Shape({c.n, c.k}) : Shape({c.k, c.n});
  return {{a, DType::float32}, {b, DType::float32}};
}

// Sizes on both sides of the blocks' borders: rows (12, 8, 6), vectors (16, 8, 4), panels (64, 16),
// depth (128, 512), blocks of c (480, 512).
const Case kCases[] = {{1, 1, 1, 1},      {1, 7, 17, 3},   {1, 13, 64, 129}, {1, 6, 65, 128},
                       {1, 12, 15, 513},  {1, 33, 47, 31}, {1, 100, 100, 2}, {1, 481, 20, 140},
                       {1, 5, 530, 257},  {3, 25, 33, 40}, {2, 40, 9, 300},  {1, 8, 32, 0},
                       {1, 487, 515, 130}};

TEST(BlockedMatmul, AgreesWithTheReferenceInEveryLayout) {
  for (const Case& c : kCases) {
    for (int layout = 0; layout < 4; ++layout) {
      const MatmulAttrs attrs{.transpose_a = (layout & 1) != 0, .transpose_b = (layout & 2) != 0};
      const OpSample sample{.inputs = operands(c, attrs), .attrs = make_attrs(attrs)};
      const testing::Call call = make_call(matmul_op(), sample);
      const auto expected = run(call.with_float(DType::float64), "ref");
      for (const int threads : {1, 2, 3}) {
        EXPECT_LE(relative_error(run(call, "blocked", threads)[0], expected[0]), 1e-6)
            << c.batch << " × " << c.m << " × " << c.n << " × " << c.k << ", layout " << layout
            << ", " << threads << " threads";
      }
    }
  }
}

TEST(BlockedMatmul, AddsTheBiasOnceAndActivatesAtTheEnd) {
  for (const Case& c : kCases) {
    for (const FusedActivation activation :
         {FusedActivation::none, FusedActivation::relu, FusedActivation::tanh}) {
      const FusedMatmulAttrs attrs{.activation = activation};
      std::vector<TensorSpec> inputs = operands(c, attrs.matmul);
      inputs.push_back({Shape({c.n}), DType::float32});
      const OpSample sample{.inputs = inputs, .attrs = make_attrs(attrs), .low = -0.3, .high = 0.3};
      const testing::Call call = make_call(fused_matmul_op(), sample);
      const auto expected = run(call.with_float(DType::float64), "ref");
      for (const int threads : {1, 2}) {
        EXPECT_LE(relative_error(run(call, "blocked", threads)[0], expected[0]), 2e-6)
            << c.batch << " × " << c.m << " × " << c.n << " × " << c.k << ", " << threads
            << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace danlu::cpu
