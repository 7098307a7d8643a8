// Products and convolutions of bfloat16, and of whatever else is computed in float32 instead. The
// numbers are small integers, whose sums float32 holds: results are then exact but for the last
// rounding.
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/half.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::run;

constexpr DType kHalf = DType::bfloat16;

Call integers(const OpDef& op, std::vector<Shape> inputs, AttrsPtr attrs) {
  OpSample sample{.attrs = std::move(attrs), .low = -4, .high = 5};
  for (const Shape& shape : inputs) sample.inputs.push_back({shape, kHalf});
  sample.fill = [](int, std::span<double> values) {
    for (double& x : values) x = std::floor(x);
  };
  return make_call(op, sample);
}

Call in_float64(Call call) {
  for (TensorSpec& spec : call.inputs) {
    if (spec.dtype == kHalf) spec.dtype = DType::float64;
  }
  return call;
}

/// Every kernel of the op that takes the call, with one to three threads, against `ref` in float64.
/// The names of those kernels.
std::vector<std::string> check(const Call& call, const std::string& what) {
  auto exact = run(in_float64(call), "ref");
  for (double& x : exact[0]) x = static_cast<float>(bfloat16(static_cast<float>(x)));
  std::vector<std::string> names;
  for (const KernelDef& kernel : cpu_kernels(*call.op)) {
    if (!testing::refusal(call, kernel.name).empty()) continue;
    names.emplace_back(kernel.name);
    for (const int threads : {1, 2, 3}) {
      EXPECT_EQ(run(call, kernel.name, threads), exact)
          << what << ", " << kernel.name << ", " << threads << " threads";
    }
  }
  return names;
}

std::vector<std::string> expected(bool on_tiles) {
  if (on_tiles && simd::has_amx()) return {"bfloat16", "widened", "ref"};
  return {"widened", "ref"};
}

TEST(Bfloat16, ProductsInEveryLayout) {
  struct Size {
    int64_t batch, m, n, k;
  };
  // Both sides of the borders of tiles (16, 32), of packed rows (128), of columns packed at once
  // (33 panels of k = 512 are more than 1 MB).
  const Size sizes[] = {{1, 32, 32, 32},   {1, 33, 47, 129}, {3, 16, 17, 33},
                        {1, 150, 100, 65}, {5, 40, 16, 16},  {1, 20, 1060, 530}};
  for (const Size& s : sizes) {
    for (int layout = 0; layout < 4; ++layout) {
      const MatmulAttrs attrs{.transpose_a = (layout & 1) != 0, .transpose_b = (layout & 2) != 0};
      const Shape a = attrs.transpose_a ? Shape{s.batch, s.k, s.m} : Shape{s.batch, s.m, s.k};
      const Shape b = attrs.transpose_b ? Shape{s.batch, s.n, s.k} : Shape{s.batch, s.k, s.n};
      const auto names = check(integers(matmul_op(), {a, b}, make_attrs(attrs)),
                               a.to_string() + " " + b.to_string());
      EXPECT_EQ(names, expected(true));
    }
  }
  EXPECT_EQ(check(integers(matmul_op(), {{8, 20}, {20, 20}}, make_attrs(MatmulAttrs{})), "small"),
            expected(false));
}

TEST(Bfloat16, ProductsWithBiasAndActivation) {
  const FusedMatmulAttrs attrs{.activation = FusedActivation::relu};
  EXPECT_EQ(check(integers(fused_matmul_op(), {{70, 45}, {45, 90}, Shape{90}}, make_attrs(attrs)),
                  "with bias"),
            expected(true));
}

struct Images {
  Shape x, kernel;
  Conv2DAttrs conv = {};
  Shape y() const {
    const auto length = [&](size_t i) {
      const auto axis = static_cast<int>(i);
      return window_output(x[axis + 1], kernel[axis], conv.strides[i], conv.pad_before[i],
                           conv.pad_after[i], conv.dilation_rate[i]);
    };
    return {x[0], length(0), length(1), kernel[3]};
  }
};

const Images kImages[] = {
    {{
         2,
         9,
         11,
         32,
     },
     {3, 3, 32, 48}},
    {{3, 8, 7, 64}, {3, 2, 64, 16}, {.pad_before = {1, 1}, .pad_after = {1, 0}}},
    {{2, 7, 7, 3}, {3, 3, 3, 16}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {{1, 9, 9, 32}, {3, 3, 32, 32}, {.strides = {2, 2}}},
};

bool fills_tiles(int64_t channels, int64_t filters, const Conv2DAttrs& conv) {
  const bool full = channels * 4 >= (channels + 31) / 32 * 32 * 3;
  return full && filters % 16 == 0 && conv.strides[0] == 1;
}

TEST(Bfloat16, ConvolutionsForwardsAndBackwards) {
  for (const Images& i : kImages) {
    const std::string what = i.x.to_string() + " " + i.kernel.to_string();
    const Shape bias{i.kernel[3]};
    const bool forward = fills_tiles(i.x[3], i.kernel[3], i.conv);
    const auto expect = [&](bool on_tiles, const OpDef& op, std::vector<Shape> inputs,
                            AttrsPtr attrs) {
      const auto names = check(integers(op, std::move(inputs), std::move(attrs)), what);
      EXPECT_EQ(names.front() == "amx", on_tiles && simd::has_amx()) << op.name << " " << what;
    };
    expect(forward, conv2d_op(), {i.x, i.kernel}, make_attrs(i.conv));
    const FusedConv2DAttrs fused{i.conv, FusedActivation::relu};
    expect(forward, fused_conv2d_op(), {i.x, i.kernel, bias}, make_attrs(fused));
    const Conv2DPoolAttrs pooled{i.conv, {}, FusedActivation::relu};
    expect(forward, conv2d_pool_op(), {i.x, i.kernel, bias}, make_attrs(pooled));
    Conv2DAttrs back = i.conv;
    back.result = i.x;
    expect(fills_tiles(i.kernel[3], i.x[3], i.conv), conv2d_backward_input_op(), {i.y(), i.kernel},
           make_attrs(back));
    back.result = i.kernel;
    expect(true, conv2d_backward_kernel_op(), {i.x, i.y()}, make_attrs(back));
  }
}

}  // namespace
}  // namespace danlu::cpu
