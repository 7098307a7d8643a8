// Products and convolutions of bfloat16, and of whatever else is computed in float32 instead. The
// numbers are small integers, whose sums float32 holds: results are then exact but for the last
// rounding.
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/half.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/reduction/reduction_attrs.h"
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
  EXPECT_EQ(check(integers(matmul_op(), {{7, 20}, {20, 20}}, make_attrs(MatmulAttrs{})), "small"),
            expected(false));
}

TEST(Bfloat16, ProductsOfLongDepth) {
  struct Size {
    int64_t m, n, k;
  };
  for (const Size& s : {Size{128, 128, 2048}, {200, 40, 1100}, {10, 90, 1555}}) {
    for (int layout = 0; layout < 4; ++layout) {
      const MatmulAttrs attrs{.transpose_a = (layout & 1) != 0, .transpose_b = (layout & 2) != 0};
      const Shape a = attrs.transpose_a ? Shape{s.k, s.m} : Shape{s.m, s.k};
      const Shape b = attrs.transpose_b ? Shape{s.n, s.k} : Shape{s.k, s.n};
      const auto names = check(integers(matmul_op(), {a, b}, make_attrs(attrs)),
                               a.to_string() + " " + b.to_string());
      EXPECT_EQ(names.front() == "amx-deep", simd::has_amx());
    }
  }
}

TEST(Bfloat16, SumsOfRows) {
  const auto names = [](Shape shape, std::vector<int64_t> axes) {
    return check(
        integers(sum_op(), {std::move(shape)}, make_attrs(ReductionAttrs{std::move(axes), false})),
        "sum");
  };
  const std::vector<std::string> direct = {"simd", "widened", "ref"};
  EXPECT_EQ(names({5, 9, 70}, {0}), direct);
  EXPECT_EQ(names({150, 9, 17}, {0, 1}), direct);
  EXPECT_EQ(names({5, 90, 70}, {1}), direct);
  EXPECT_EQ(names({5, 9, 70}, {2}).front(), "widened");
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

// Whole tiles and parts of them, taps in pairs (16 channels), a row of taps at once (few channels),
// strides with every remainder of the pixels, padding and dilation, strips of an image (the last).
const Images kImages[] = {
    {{2, 9, 11, 32}, {3, 3, 32, 48}},
    {{3, 8, 7, 64}, {3, 2, 64, 16}, {.pad_before = {1, 1}, .pad_after = {1, 0}}},
    {{2, 7, 7, 3}, {3, 3, 3, 16}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {{2, 9, 8, 5}, {2, 3, 5, 32}, {.strides = {2, 2}, .pad_before = {0, 1}, .pad_after = {1, 1}}},
    {{1, 9, 9, 32}, {3, 3, 32, 32}, {.strides = {2, 2}}},
    {{5, 9, 8, 16}, {3, 3, 16, 16}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {{3, 10, 13, 12}, {2, 4, 12, 80}, {.pad_before = {0, 2}, .pad_after = {1, 3}}},
    {{3, 16, 12, 16}, {3, 3, 16, 32}, {.strides = {2, 2}, .pad_after = {1, 1}}},
    {{2, 16, 13, 16},
     {3, 4, 16, 32},
     {.strides = {2, 3}, .pad_before = {1, 2}, .pad_after = {1, 1}}},
    {{2, 17, 16, 32}, {1, 1, 32, 48}, {.strides = {2, 2}}},
    {{2, 20, 21, 16}, {4, 2, 16, 16}, {.pad_before = {1, 0}, .dilation_rate = {2, 5}}},
    {{2, 20, 21, 48},
     {3, 2, 48, 16},
     {.strides = {3, 2}, .pad_before = {1, 1}, .dilation_rate = {2, 3}}},
    {{1, 66, 65, 32}, {3, 3, 32, 64}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {{1, 90, 81, 16},
     {3, 3, 16, 64},
     {.strides = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}}},
};

/// The gradients from that of the pooled output, for windows of two sizes.
void check_pooled_gradient(const Images& i, bool on_tiles) {
  for (const std::array<int64_t, 2> window : {std::array<int64_t, 2>{2, 2}, {3, 1}}) {
    const Shape y = i.y();
    Conv2DPoolAttrs attrs{i.conv, {.pool_size = window, .strides = window, .result = y}};
    attrs.conv.result = i.x;
    const Shape pooled{y[0], y[1] / window[0], y[2] / window[1], y[3]};
    if (pooled.num_elements() == 0) continue;
    const auto expect = [&](bool tiles, const OpDef& op, std::vector<Shape> inputs, size_t index) {
      Call call = integers(op, std::move(inputs), make_attrs(attrs));
      call.inputs[index].dtype = DType::uint8;
      for (size_t j = 0; j < call.values[index].size(); ++j) {
        const auto positions = static_cast<size_t>(window[0] * window[1]);
        call.values[index][j] = static_cast<double>(j * 7 % 11 % positions);
      }
      const auto names = check(call, i.x.to_string() + " " + i.kernel.to_string() + " pooled");
      EXPECT_EQ(names.front() == "amx", tiles && simd::has_amx()) << i.x.to_string();
    };
    expect(on_tiles, conv2d_pool_backward_input_op(), {pooled, pooled, i.kernel}, 1);
    attrs.conv.result = i.kernel;
    expect(true, conv2d_pool_backward_kernel_op(), {i.x, pooled, pooled}, 2);
  }
}

TEST(Bfloat16, ConvolutionsForwardsAndBackwards) {
  for (const Images& i : kImages) {
    const std::string what = i.x.to_string() + " " + i.kernel.to_string();
    const Shape bias{i.kernel[3]};
    const bool forward = i.kernel[3] % 16 == 0, backward = i.x[3] % 16 == 0;
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
    check_pooled_gradient(i, backward);
    Conv2DAttrs back = i.conv;
    back.result = i.x;
    expect(backward, conv2d_backward_input_op(), {i.y(), i.kernel}, make_attrs(back));
    back.result = i.kernel;
    expect(true, conv2d_backward_kernel_op(), {i.x, i.y()}, make_attrs(back));
  }
}

}  // namespace
}  // namespace danlu::cpu
