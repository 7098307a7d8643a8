#include "danlu/backends/cpu/simd/amx_conv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/float_mode.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/registry.h"

#ifdef DANLU_AMX

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::relative_error;
using testing::run;

constexpr DType kFloat = DType::float32;

struct Case {
  int64_t batch, height, width, channels, filters;
  std::array<int64_t, 2> kernel = {3, 3};
  Conv2DAttrs conv = {};

  Shape x() const { return {batch, height, width, channels}; }
  Shape k() const { return {kernel[0], kernel[1], channels, filters}; }
  Shape y() const {
    const auto out = [&](int axis, int64_t length) {
      const auto i = static_cast<size_t>(axis);
      return window_output(length, kernel[i], conv.strides[i], conv.pad_before[i],
                           conv.pad_after[i], conv.dilation_rate[i]);
    };
    return {batch, out(0, height), out(1, width), filters};
  }
};

Call fused(const Case& c, FusedActivation activation, double low = -2, double high = 2) {
  return make_call(fused_conv2d_op(),
                   {.inputs = {{c.x(), kFloat}, {c.k(), kFloat}, {Shape{c.filters}, kFloat}},
                    .attrs = make_attrs(FusedConv2DAttrs{.conv = c.conv, .activation = activation}),
                    .low = low,
                    .high = high});
}

Call backward_input(const Case& c) {
  Conv2DAttrs attrs = c.conv;
  attrs.result = c.x();
  return make_call(conv2d_backward_input_op(), {.inputs = {{c.y(), kFloat}, {c.k(), kFloat}},
                                                .attrs = make_attrs(attrs),
                                                .low = -2,
                                                .high = 2});
}

/// On processors without tiles nothing can be computed with them; that the kernel then refuses is
/// what there is to test.
class AmxConv : public ::testing::Test {
 protected:
  void SetUp() override {
    if (simd::has_amx()) return;
    EXPECT_EQ(testing::refusal(fused({1, 9, 9, 32, 32}, FusedActivation::none), "amx"),
              "there is no AMX");
    GTEST_SKIP() << "there is no AMX";
  }
};

// Both sides of the borders of tiles (16 windows, 16 filters, 32 channels), channels in pairs of
// parts, strips (the last images do not fit into the second-level cache), strides and every kind of
// padding.
const Case kCases[] = {
    {2, 13, 13, 32, 64},
    {1, 6, 5, 64, 16},
    {3, 7, 7, 56, 48, {3, 3}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {2, 9, 33, 64, 32, {5, 1}, {.pad_before = {2, 0}, .pad_after = {1, 0}}},
    {2, 10, 9, 96, 64, {1, 1}},
    {2,
     12,
     14,
     32,
     32,
     {3, 2},
     {.pad_before = {2, 1}, .pad_after = {3, 0}, .dilation_rate = {2, 3}}},
    {3, 16, 17, 32, 64, {3, 3}, {.strides = {2, 2}, .pad_before = {0, 1}, .pad_after = {1, 1}}},
    {2, 19, 16, 48, 96, {5, 4}, {.strides = {3, 2}, .pad_before = {2, 1}, .dilation_rate = {1, 2}}},
    {5, 9, 11, 16, 48, {3, 3}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {3, 12, 10, 12, 16, {2, 3}},
    {2, 13, 12, 5, 32, {4, 3}, {.pad_before = {1, 2}, .pad_after = {2, 1}}},
    {2, 16, 14, 16, 32, {3, 3}, {.strides = {2, 2}, .pad_before = {0, 1}, .pad_after = {1, 1}}},
    {1, 100, 70, 64, 32, {3, 3}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {1, 90, 70, 16, 32, {3, 3}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
    {1, 151, 140, 64, 32, {3, 3}, {.strides = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}}},
};

/// Multiply-adds in float32, one after the other: the convolution and its input's gradient.
std::vector<double> float_loops(const Call& call, const Case& c) {
  const ConvGeometry g(c.x(), c.k(), c.conv);
  const bool back = call.op == &conv2d_backward_input_op();
  std::vector<float> sums(static_cast<size_t>(back ? g.in_size() : g.out_size()));
  if (!back) {
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i] = static_cast<float>(call.values[2][i % static_cast<size_t>(g.filters)]);
    }
  }
  const auto value = [&](size_t operand, int64_t at) {
    return static_cast<float>(call.values[operand][static_cast<size_t>(at)]);
  };
  g.for_each_pair([&](int64_t x, int64_t y, int64_t k) {
    for (int64_t channel = 0; channel < g.channels; ++channel) {
      for (int64_t f = 0; f < g.filters; ++f) {
        float& sum = sums[static_cast<size_t>(back ? x + channel : y + f)];
        const float other = back ? value(0, y + f) : value(0, x + channel);
        sum = std::fma(other, value(1, k + channel * g.filters + f), sum);
      }
    }
  });
  return {sums.begin(), sums.end()};
}

TEST_F(AmxConv, IsAsExactAsFloat32) {
  for (const Case& c : kCases) {
    for (const bool back : {false, true}) {
      const Call call = back ? backward_input(c) : fused(c, FusedActivation::none);
      const std::string what = std::string(call.op->name) + c.x().to_string() + c.k().to_string();
      const bool fills = (back ? c.channels : c.filters) % 16 == 0;
      ASSERT_EQ(testing::refusal(call, "amx").empty(), fills) << what;
      if (!fills) continue;
      const auto exact = run(call.with_float(DType::float64), "ref");
      const double plain = relative_error(float_loops(call, c), exact[0]);
      for (const int threads : {1, 2, 3}) {
        EXPECT_LE(relative_error(run(call, "amx", threads)[0], exact[0]), std::max(plain, 1e-7))
            << what << ", " << threads << " threads";
      }
    }
  }
}

TEST_F(AmxConv, Activates) {
  const Call call = fused(kCases[2], FusedActivation::tanh, -0.2, 0.2);
  const auto exact = run(call.with_float(DType::float64), "ref");
  EXPECT_LE(relative_error(run(call, "amx")[0], exact[0]), 1e-6);
}

TEST_F(AmxConv, PoolsWhatItComputes) {
  const FlushDenormals flush;
  for (const Case& c : kCases) {
    for (const std::array<int64_t, 2> window : {std::array<int64_t, 2>{2, 2}, {3, 1}}) {
      if (c.y()[1] < window[0]) continue;
      const Pool2DAttrs pool{.pool_size = window, .strides = window};
      Call call = fused(c, FusedActivation::none);
      call.op = &conv2d_pool_op();
      call.attrs = make_attrs(Conv2DPoolAttrs{c.conv, pool, FusedActivation::relu});
      const auto exact = run(call.with_float(DType::float64), "ref");
      for (const int threads : {1, 2, 3}) {
        const auto result = run(call, "amx", threads);
        EXPECT_LE(relative_error(result[0], exact[0]), 3e-7) << c.x().to_string();
        EXPECT_EQ(result[1], exact[1]) << c.x().to_string();
      }
    }
  }
}

TEST_F(AmxConv, TakesNumbersOfAnySize) {
  Call call = fused({2, 9, 9, 32, 32}, FusedActivation::none);
  for (std::vector<double>& values : call.values) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(std::ldexp(values[i], static_cast<int>(i * 7 % 90) - 45));
    }
  }
  const auto exact = run(call.with_float(DType::float64), "ref");
  EXPECT_LE(relative_error(run(call, "amx")[0], exact[0]), 2e-7);
}

// Where a number is none, the padding around it must not become NaN, nor other images.
TEST_F(AmxConv, KeepsInfinitiesAndNaN) {
  const double inf = std::numeric_limits<double>::infinity();
  const double largest = std::numeric_limits<float>::max();
  const FlushDenormals flush;
  const Conv2DAttrs same{.pad_before = {1, 1}, .pad_after = {1, 1}};
  const Conv2DAttrs strided{.strides = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}};
  for (const Case& c :
       {Case{3, 8, 9, 32, 32, {3, 3}, same}, Case{3, 16, 17, 32, 32, {3, 3}, strided},
        Case{3, 8, 9, 16, 16, {3, 3}, same}}) {
    for (const DType dtype : {DType::float32, DType::bfloat16}) {
      const double tolerance = dtype == DType::float32 ? 1e-6 : 5e-3;
      for (const double strange : {inf, -inf, std::nan(""), largest}) {
        if (strange == largest && dtype == DType::bfloat16) continue;
        for (const size_t operand : {0, 1}) {
          Call call = fused(c, FusedActivation::none, 0.5, 1).with_float(dtype);
          call.values[operand][1321] = strange;
          const auto expected = run(call, "ref"), result = run(call, "amx", 2);
          EXPECT_LE(relative_error(result[0], expected[0]), tolerance)
              << c.x().to_string() << strange << " in " << operand;

          Call back = backward_input(c).with_float(dtype);
          for (std::vector<double>& values : back.values) {
            for (double& x : values) x = 0.75 + x / 8;
          }
          back.values[operand][1321] = strange;
          EXPECT_LE(relative_error(run(back, "amx", 2)[0], run(back, "ref")[0]), tolerance)
              << c.x().to_string() << strange << " in " << operand;
        }
      }
    }
  }
}

TEST_F(AmxConv, RefusesWhatDoesNotFillTiles) {
  const auto refusal = [](const Case& c) {
    return testing::refusal(fused(c, FusedActivation::none), "amx");
  };
  EXPECT_EQ(refusal({1, 9, 9, 8, 32}), "the channels or the image do not fill the tiles");
  EXPECT_EQ(refusal({1, 9, 9, 32, 8}), "the channels or the image do not fill the tiles");
  EXPECT_EQ(refusal({1, 4, 4, 32, 32}), "the channels or the image do not fill the tiles");
  EXPECT_EQ(refusal({1, 9, 9, 16, 32, {1, 1}}), "the channels or the image do not fill the tiles");
  EXPECT_EQ(refusal({1, 9, 9, 32, 64, {2, 2}, {.pad_before = {2, 2}}}), "");
}

}  // namespace
}  // namespace danlu::cpu

#endif
