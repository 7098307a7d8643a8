#include "danlu/backends/cpu/simd/amx_matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/base/float_mode.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::relative_error;
using testing::run;

/// On processors without tiles nothing can be computed with them; that the kernel then refuses is
/// what there is to test.
class AmxMatmul : public ::testing::Test {
 protected:
  bool refuses() {
    const Call call = product({.m = 64, .n = 64, .k = 64}, {});
    if (simd::has_amx()) return false;
    EXPECT_EQ(testing::refusal(call, "amx"), "there is no AMX");
    return true;
  }
  struct Size {
    int64_t m, n, k;
  };
  static Call product(Size s, const MatmulAttrs& attrs, double low = -2, double high = 2) {
    const Shape a = attrs.transpose_a ? Shape{s.k, s.m} : Shape{s.m, s.k};
    const Shape b = attrs.transpose_b ? Shape{s.n, s.k} : Shape{s.k, s.n};
    return make_call(matmul_op(), {.inputs = {{a, DType::float32}, {b, DType::float32}},
                                   .attrs = make_attrs(attrs),
                                   .low = low,
                                   .high = high});
  }
};

// Sizes on both sides of the blocks' borders: tiles (16, 32), panels (32), depth (128), blocks of c
// (480, 512); of the last, half of b is kept packed, and the whole is not.
TEST_F(AmxMatmul, IsAsExactAsFloat32InEveryLayout) {
  if (refuses()) return;
  const Size sizes[] = {{32, 32, 32},   {33, 47, 129},  {48, 64, 256}, {49, 530, 100},
                        {481, 40, 140}, {500, 515, 33}, {64, 128, 784}};
  for (const Size& s : sizes) {
    for (int layout = 0; layout < 4; ++layout) {
      const Call call =
          product(s, {.transpose_a = (layout & 1) != 0, .transpose_b = (layout & 2) != 0});
      const auto exact = run(call.with_float(DType::float64), "ref");
      const double plain = relative_error(run(call, "blocked")[0], exact[0]);
      for (const int threads : {1, 2, 3}) {
        EXPECT_LE(relative_error(run(call, "amx", threads)[0], exact[0]), std::max(plain, 1e-7))
            << s.m << " × " << s.n << " × " << s.k << ", layout " << layout << ", " << threads
            << " threads";
      }
    }
  }
}

// With depths that cannot be shared out evenly, results that are turned and that are not.
TEST_F(AmxMatmul, IsAsExactOverLongDepths) {
  if (refuses()) return;
  for (const Size& s : {Size{128, 128, 2048}, {512, 64, 1100}, {33, 47, 1030}, {64, 96, 1555}}) {
    for (int layout = 0; layout < 4; ++layout) {
      const Call call =
          product(s, {.transpose_a = (layout & 1) != 0, .transpose_b = (layout & 2) != 0});
      const auto exact = run(call.with_float(DType::float64), "ref");
      const double plain = relative_error(run(call, "blocked")[0], exact[0]);
      for (const int threads : {1, 2, 3}) {
        EXPECT_LE(relative_error(run(call, "amx-deep", threads)[0], exact[0]),
                  std::max(plain, 1e-7))
            << s.m << " × " << s.n << " × " << s.k << ", layout " << layout << ", " << threads
            << " threads";
      }
    }
  }
  EXPECT_EQ(testing::refusal(product({64, 64, 1000}, {}), "amx-deep"), "the depth is not long");
  EXPECT_EQ(testing::refusal(product({512, 256, 2000}, {}), "amx-deep"), "the depth is not long");
  Call call = product({64, 48, 1200}, {.transpose_a = true}, 0.5, 1);
  call.values[0][4321] = std::numeric_limits<double>::infinity();
  EXPECT_LE(relative_error(run(call, "amx-deep", 2)[0], run(call, "blocked")[0]), 1e-6);
}

TEST_F(AmxMatmul, TakesNumbersOfAnySize) {
  if (refuses()) return;
  Call call = product({64, 64, 96}, {});
  for (std::vector<double>& values : call.values) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(std::ldexp(values[i], static_cast<int>(i * 7 % 90) - 45));
    }
  }
  const auto exact = run(call.with_float(DType::float64), "ref");
  EXPECT_LE(relative_error(run(call, "amx")[0], exact[0]), 1e-7);
}

TEST_F(AmxMatmul, KeepsInfinitiesAndNaN) {
  if (refuses()) return;
  const double inf = std::numeric_limits<double>::infinity();
  const double largest = std::numeric_limits<float>::max();
  const FlushDenormals flush;
  for (const double strange : {inf, -inf, std::nan(""), largest}) {
    for (const int operand : {0, 1}) {
      Call call = product({64, 80, 160}, {}, 0.5, 1);
      call.values[static_cast<size_t>(operand)][4321] = strange;
      const auto expected = run(call, "blocked"), result = run(call, "amx", 2);
      EXPECT_LE(relative_error(result[0], expected[0]), 1e-6) << strange << " in " << operand;
    }
  }
}

TEST_F(AmxMatmul, AddsTheBiasOnceAndActivatesAtTheEnd) {
  if (refuses()) return;
  const FusedMatmulAttrs attrs{.activation = FusedActivation::tanh};
  const Call call = make_call(fused_matmul_op(), {.inputs = {{{500, 140}, DType::float32},
                                                             {{140, 600}, DType::float32},
                                                             {{600}, DType::float32}},
                                                  .attrs = make_attrs(attrs),
                                                  .low = -0.3,
                                                  .high = 0.3});
  const auto exact = run(call.with_float(DType::float64), "ref");
  for (const int threads : {1, 2}) {
    EXPECT_LE(relative_error(run(call, "amx", threads)[0], exact[0]), 1e-6);
  }
}

}  // namespace
}  // namespace danlu::cpu
