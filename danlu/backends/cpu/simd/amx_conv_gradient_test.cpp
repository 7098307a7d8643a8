#include "danlu/backends/cpu/simd/amx_conv_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/float_mode.h"
#include "danlu/base/half.h"
#include "danlu/ops/registry.h"

#ifdef DANLU_AMX

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::relative_error;
using testing::run;

struct Case {
  int64_t batch, height, width, channels, filters;
  std::array<int64_t, 2> kernel = {3, 3};
  Conv2DAttrs conv = {};
  std::vector<int64_t> sets = {};

  Shape with_sets(std::vector<int64_t> dims) const {
    dims.insert(dims.begin(), sets.begin(), sets.end());
    return Shape(dims);
  }
  Shape x() const { return with_sets({batch, height, width, channels}); }
  Shape y() const {
    const auto out = [&](size_t i, int64_t length) {
      return window_output(length, kernel[i], conv.strides[i], conv.pad_before[i],
                           conv.pad_after[i], conv.dilation_rate[i]);
    };
    return with_sets({batch, out(0, height), out(1, width), filters});
  }
  std::string name() const {
    return x().to_string() + " " + y().to_string() + " " + std::to_string(kernel[0]);
  }
};

Call gradient(const Case& c, DType dtype = DType::float32, double low = -2, double high = 2) {
  Conv2DAttrs attrs = c.conv;
  attrs.result = {c.kernel[0], c.kernel[1], c.channels / attrs.groups, c.filters};
  return make_call(conv2d_backward_kernel_op(), {.inputs = {{c.x(), dtype}, {c.y(), dtype}},
                                                 .attrs = make_attrs(attrs),
                                                 .low = low,
                                                 .high = high});
}

std::string refusal(const Case& c, Isa isa = cpu_isa()) {
  return testing::refusal(gradient(c), "amx", 1, isa);
}

/// On processors without tiles nothing can be computed with them; that the kernel then refuses is
/// what there is to test.
class AmxConvGradient : public ::testing::Test {
 protected:
  void SetUp() override {
    if (simd::has_amx()) return;
    EXPECT_EQ(refusal({1, 9, 9, 32, 32}), "there is no AMX");
    GTEST_SKIP() << "there is no AMX";
  }
};

constexpr std::array<int64_t, 2> kOne = {1, 1}, kTwo = {2, 2};

// Both sides of the borders of tiles (16 channels, 16 filters, 32 windows), one to four columns of
// sums and more, several images and strips of one (the last does not fit into the second-level
// cache), a row of the kernel as one tap (fewer than 12 channels), every kind of padding, strides
// that leave a rest and pixels that no tap looks at, sets.
const Case kCases[] = {
    {2, 13, 13, 32, 64},
    {5, 6, 5, 16, 16, {3, 3}, {.pad_before = kOne, .pad_after = kOne}},
    {3, 7, 7, 56, 40, {3, 3}, {.pad_before = kOne, .pad_after = kOne}},
    {2, 9, 33, 40, 24, {5, 1}, {.pad_before = {2, 0}, .pad_after = {1, 0}}},
    {3, 8, 9, 30, 14, {1, 1}},
    {2, 9, 9, 32, 32, {1, 1}, {.pad_before = kOne, .pad_after = {0, 2}}},
    {2,
     12,
     14,
     32,
     32,
     {3, 2},
     {.pad_before = {2, 1}, .pad_after = {3, 0}, .dilation_rate = {2, 3}}},
    {3, 16, 16, 16, 32, {3, 3}, {.strides = kTwo, .pad_after = kOne}},
    {3, 15, 18, 16, 32, {3, 3}, {.strides = {2, 3}, .pad_before = {1, 2}, .pad_after = kOne}},
    {2, 17, 16, 32, 16, {1, 1}, {.strides = kTwo}},
    {2, 20, 21, 16, 16, {4, 2}, {.strides = {3, 1}, .pad_before = {1, 0}, .dilation_rate = {2, 5}}},
    {5, 12, 11, 3, 16, {3, 3}, {.pad_before = kOne, .pad_after = kOne}},
    {3, 14, 15, 5, 32, {4, 3}, {.strides = {2, 2}, .pad_before = {0, 2}, .pad_after = {3, 1}}},
    {2, 15, 9, 8, 16, {2, 4}, {.pad_before = {1, 3}, .dilation_rate = {3, 1}}},
    {1, 100, 70, 64, 32, {3, 3}, {.pad_before = kOne, .pad_after = kOne}},
    {2, 90, 161, 32, 32, {3, 3}, {.strides = kTwo, .pad_before = kOne, .pad_after = kOne}},
    {3, 8, 7, 16, 16, {3, 3}, {.pad_before = kOne, .pad_after = kOne}, {2, 2}},
};

/// Multiply-adds in float32, one after the other.
std::vector<double> float_loops(const Call& call, const Case& c) {
  const auto g = ConvGeometry::of_one_set(c.x(), attrs_as<Conv2DAttrs>(call.attrs.get()));
  const int64_t sets = Shape(c.sets).num_elements();
  std::vector<float> sums(static_cast<size_t>(sets * g.kernel_size()));
  const auto value = [&](size_t operand, int64_t at) {
    return static_cast<float>(call.values[operand][static_cast<size_t>(at)]);
  };
  for (int64_t set = 0; set < sets; ++set) {
    g.for_each_pair([&](int64_t x, int64_t y, int64_t k) {
      for (int64_t channel = 0; channel < g.channels; ++channel) {
        for (int64_t f = 0; f < g.filters; ++f) {
          float& sum =
              sums[static_cast<size_t>(set * g.kernel_size() + k + channel * g.filters + f)];
          sum = std::fma(value(0, set * g.in_size() + x + channel),
                         value(1, set * g.out_size() + y + f), sum);
        }
      }
    });
  }
  return {sums.begin(), sums.end()};
}

TEST_F(AmxConvGradient, IsAsExactAsFloat32) {
  for (const Case& c : kCases) {
    const Call call = gradient(c);
    ASSERT_EQ(testing::refusal(call, "amx"), "") << c.name();
    const auto exact = run(call.with_float(DType::float64), "ref");
    const double plain = relative_error(float_loops(call, c), exact[0]);
    for (const int threads : {1, 2, 3}) {
      EXPECT_LE(relative_error(run(call, "amx", threads)[0], exact[0]), std::max(plain, 2e-7))
          << c.name() << ", " << threads << " threads";
    }
  }
}

// Small integers, whose sums float32 holds: exact but for the last rounding.
TEST_F(AmxConvGradient, RoundsBfloat16Once) {
  for (const Case& c : kCases) {
    Call call = gradient(c, DType::bfloat16, -4, 5);
    for (std::vector<double>& values : call.values) {
      for (double& x : values) x = std::floor(x);
    }
    ASSERT_EQ(testing::refusal(call, "amx"), "") << c.name();
    Call wide = call;
    for (TensorSpec& spec : wide.inputs) spec.dtype = DType::float64;
    auto exact = run(wide, "ref");
    for (double& x : exact[0]) x = static_cast<float>(bfloat16(static_cast<float>(x)));
    for (const int threads : {1, 2, 3}) {
      EXPECT_EQ(run(call, "amx", threads), exact) << c.name() << ", " << threads << " threads";
    }
  }
}

TEST_F(AmxConvGradient, TakesNumbersOfAnySize) {
  Call call = gradient({2, 9, 9, 32, 32});
  for (std::vector<double>& values : call.values) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(std::ldexp(values[i], static_cast<int>(i * 7 % 90) - 45));
    }
  }
  const auto exact = run(call.with_float(DType::float64), "ref");
  EXPECT_LE(relative_error(run(call, "amx")[0], exact[0]), 2e-7);
}

// Where a number is none, nothing that it does not meet may become NaN, nor what later images add.
TEST_F(AmxConvGradient, KeepsInfinitiesAndNaN) {
  const double inf = std::numeric_limits<double>::infinity();
  const double largest = std::numeric_limits<float>::max();
  const FlushDenormals flush;
  const Conv2DAttrs same{.pad_before = kOne, .pad_after = kOne};
  const Case cases[] = {
      {5, 8, 9, 32, 32, {3, 3}, same},
      {5, 12, 11, 3, 16, {3, 3}, same},
      {2, 10, 9, 16, 20, {3, 3}, {.strides = kTwo, .pad_before = kOne, .pad_after = kOne}},
      {1, 90, 70, 64, 32, {3, 3}, same},
  };
  for (const Case& c : cases) {
    for (const DType dtype : {DType::float32, DType::bfloat16}) {
      for (const double strange : {inf, -inf, std::nan(""), largest}) {
        if (strange == largest && dtype == DType::bfloat16) continue;
        for (const size_t operand : {0, 1}) {
          Call call = gradient(c, dtype, 0.5, 1);
          call.values[operand][321] = strange;
          const double tolerance = dtype == DType::float32 ? 1e-6 : 5e-3;
          const auto expected = run(call, "ref"), result = run(call, "amx", 2);
          EXPECT_LE(relative_error(result[0], expected[0]), tolerance)
              << c.name() << " " << strange << " in " << operand;
        }
      }
    }
  }
}

TEST_F(AmxConvGradient, RefusesWhatDoesNotFillTiles) {
  const std::string empty = "the channels or the image do not fill the tiles";
  EXPECT_EQ(refusal({1, 3, 4, 32, 32, {1, 1}}), empty);
  EXPECT_EQ(refusal({1, 28, 28, 1, 32}), empty);
  EXPECT_EQ(refusal({1, 9, 9, 32, 4}), empty);
  EXPECT_EQ(refusal({1, 9, 9, 32, 32, {3, 3}, {.groups = 2}}), "only one group");
  EXPECT_EQ(refusal({1, 9, 9, 32, 32}, Isa::avx2), "there is no AMX");
}

}  // namespace
}  // namespace danlu::cpu

#endif
