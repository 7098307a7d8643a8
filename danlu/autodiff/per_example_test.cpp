// Gradients of each example of a batch by itself, all at once, beside a loop in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/jit.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/base/thread.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using Params = std::vector<Array>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kExamples = 5;

/// Eighths: every sum of the convolutions is exact in float32, so that both dtypes pool the same
/// positions, and windows often have several maxima.
Array eighths(int64_t counter, const Shape& shape) {
  const Array whole = random::randint(Array({int64_t{7}, counter}), shape, -8, 9);
  return (cast(whole, DType::float64) / 8.0).eval();
}

/// Two convolutions with pooling and a dense layer.
struct Network {
  std::string padding;
  Shape sample, first, second;
  int64_t units;  ///< what the second pooling leaves of an example
  bool relu = true;

  Array block(const Array& x, const Array& kernel, const Array& bias) const {
    const Array y = conv2d(x, kernel, {.padding = padding}) + bias;
    return max_pool2d(relu ? danlu::relu(y) : y);
  }
  Array loss(const Params& p, const Array& x) const {
    const Array images = x.rank() == 3 ? expand_dims(x, 0) : x;
    const Array hidden = block(block(images, p[0], p[1]), p[2], p[3]);
    return sum(sin(matmul(reshape(hidden, Shape{-1, units}), p[4])));
  }
  Params parameters() const {
    return {eighths(0, first), eighths(1, Shape{first[-1]}), eighths(2, second),
            eighths(3, Shape{second[-1]}), eighths(4, {units, 3})};
  }
};

Params as_float32(const Params& p) {
  Params converted;
  for (const Array& x : p) converted.push_back(cast(x, DType::float32).eval());
  return converted;
}

void expect_near(const std::vector<double>& received, const std::vector<double>& expected) {
  ASSERT_EQ(received.size(), expected.size());
  double largest = 1;
  for (const double x : expected) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::isfinite(expected[i])) {
      ASSERT_NEAR(received[i], expected[i], 2e-5 * largest) << i;
    } else {
      ASSERT_EQ(std::isnan(received[i]), std::isnan(expected[i])) << i;
      if (std::isinf(expected[i])) {
        ASSERT_EQ(received[i], expected[i]) << i;
      }
    }
  }
}

/// float32, compiled and all at once, against float64 one by one.
void expect_like_a_loop(const Network& network, const Array& xs) {
  const auto loss = [&](const Params& p, const Array& x) { return network.loss(p, x); };
  const Params p = network.parameters();
  std::vector<Params> expected;
  for (const Array& x : unstack(xs)) eval(expected.emplace_back(grad(loss)(p, x)));

  const auto at_once = jit(vmap(grad(loss), {.in_axes = {std::nullopt, 0}}));
  const int before = num_threads();
  for (const int threads : {1, 2, 3}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    set_num_threads(threads);
    const Params received = at_once(as_float32(p), cast(xs, DType::float32));
    for (size_t i = 0; i < p.size(); ++i) {
      SCOPED_TRACE("parameter " + std::to_string(i));
      const std::vector<Array> examples = unstack(received[i]);
      ASSERT_EQ(examples.size(), expected.size());
      for (size_t j = 0; j < examples.size(); ++j) {
        SCOPED_TRACE("example " + std::to_string(j));
        expect_near(examples[j].to_vector<double>(), expected[j][i].to_vector<double>());
      }
    }
  }
  set_num_threads(before);
}

const Network kValid{"valid", {14, 13, 1}, {3, 3, 1, 16}, {3, 3, 16, 21}, 2 * 1 * 21};
const Network kSame{"same", {11, 10, 3}, {3, 3, 3, 16}, {5, 5, 16, 32}, 2 * 2 * 32};

TEST(PerExample, GradientsOfPooledConvolutionsAreThoseOfALoop) {
  expect_like_a_loop(kValid, eighths(9, {kExamples, 14, 13, 1}));
  expect_like_a_loop(kSame, eighths(9, {kExamples, 11, 10, 3}));
  // Several images in each example, and a single example.
  expect_like_a_loop(kSame, eighths(9, {3, 4, 11, 10, 3}));
  expect_like_a_loop(kValid, eighths(9, {1, 14, 13, 1}));
}

TEST(PerExample, EqualMaximaOfAWindowGiveOneOfThemTheGradient) {
  Network network = kValid;
  network.relu = false;
  expect_like_a_loop(network, zeros({kExamples, 14, 13, 1}, DType::float64));
  expect_like_a_loop(network, ones({kExamples, 14, 13, 1}, DType::float64));
}

TEST(PerExample, WhatIsNotFiniteStaysInItsExample) {
  for (const double special : {kNaN, -kInfinity, kInfinity}) {
    SCOPED_TRACE(special);
    for (const int64_t at : {0, 90, 181}) {
      auto values = eighths(9, {kExamples, 14, 13, 1}).to_vector<double>();
      values[static_cast<size_t>(2 * 14 * 13 + at)] = special;
      expect_like_a_loop(kValid, Array(values, {kExamples, 14, 13, 1}));
    }
  }
}

}  // namespace
}  // namespace danlu
