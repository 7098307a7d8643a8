#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "danlu/compile/compile.h"
#include "danlu/danlu.h"

namespace danlu {
namespace {

constexpr int64_t kRows = 512, kColumns = 64;

Array numbers(const Shape& shape, int64_t step) {
  std::vector<float> values(static_cast<size_t>(shape.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<int64_t>(i) * step % 101 - 50) / 50;
  }
  return reshape(Array(values), shape).eval();
}

/// Bytes that the instructions of the plan write.
size_t bytes_written(const std::vector<Array>& outputs) {
  const Trace trace = trace_graph({}, outputs);
  const PlanReport report = compile_graph(trace.graph, current_options())->report;
  for (const auto& pass : report.passes) {
    if (pass.pass == "fuse products") return pass.bytes_after;
  }
  return 0;
}

/// Rows of a product with mean 0 and variance 1, column by column.
std::vector<Array> normalized(DType dtype) {
  const Array product =
      matmul(cast(numbers({kRows, 32}, 37), dtype), cast(numbers({32, kColumns}, 11), dtype));
  const Array wide = cast(product, DType::float32);
  const Array around = wide - mean(wide, {0}, true);
  return {around * rsqrt(mean(square(around), {0}, true) + 1e-3)};
}

TEST(Recompute, WhatIsLeftOfAMeanIsNotStored) {
  const size_t whole = kRows * kColumns * sizeof(float);
  EXPECT_LT(bytes_written(normalized(DType::float32)), 2 * whole + whole / 8);
  EXPECT_LT(bytes_written(normalized(DType::bfloat16)), 2 * whole);
}

TEST(Recompute, TheResultIsThatOfThePlainGraph) {
  const Array fused = normalized(DType::float32)[0];
  const std::vector<float> result = fused.eval().to_vector<float>();
  set_disabled_passes("all");
  const std::vector<float> plain = normalized(DType::float32)[0].eval().to_vector<float>();
  set_disabled_passes("");
  for (size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i], plain[i], 2e-5) << i;
}

TEST(Recompute, AValueThatAProductReadsIsStoredOnce) {
  const Array a = numbers({kRows, 32}, 37), b = numbers({32, kColumns}, 11);
  const Array shifted = matmul(a, b) + 1;
  const Array total = sum(square(shifted), {0});
  const Array product = matmul(shifted, numbers({kColumns, kColumns}, 7));
  const std::vector<Array> outputs = {product * total};
  // What `shifted` is made of, itself, the second product and the result.
  const size_t whole = kRows * kColumns * sizeof(float);
  EXPECT_LE(bytes_written(outputs), 4 * whole + whole / 8);
  const double expected = [&] {
    const auto x = a.to_vector<float>(), y = b.to_vector<float>();
    double first = 0;
    for (size_t k = 0; k < 32; ++k) first += double(x[k]) * y[k * kColumns];
    return first + 1;
  }();
  EXPECT_NEAR(shifted.to_vector<float>()[0], expected, 1e-5);
}

TEST(Simplify, ProductsAcrossAReshapeAreOneProgramWithTheirSum) {
  const Array a = numbers({1, kRows, kColumns}, 37), b = numbers({1, kRows, kColumns}, 11);
  const std::vector<Array> outputs = {sum(reshape(a * b, Shape{kRows, 4, kColumns / 4}), {-1})};
  const Trace trace = trace_graph({}, outputs);
  EXPECT_EQ(compile_graph(trace.graph, current_options())->instructions.size(), 1u);
  const auto x = a.to_vector<float>(), y = b.to_vector<float>();
  const auto sums = outputs[0].to_vector<float>();
  for (size_t i = 0; i < sums.size(); ++i) {
    double expected = 0;
    for (size_t k = 0; k < kColumns / 4; ++k) {
      expected += double{x[i * kColumns / 4 + k]} * y[i * kColumns / 4 + k];
    }
    ASSERT_NEAR(sums[i], expected, 1e-5) << i;
  }
}

TEST(Recompute, AGradientThroughNormalizationIsThatOfTheFormula) {
  const Array x = numbers({kRows, kColumns}, 29), weights = numbers({kRows, kColumns}, 13);
  const auto loss = [&](const Array& given) {
    const auto [center, variance] = moments(given, {0}, true);
    return sum(weights * (given - center) * rsqrt(variance + 1e-3));
  };
  const Array differentiated = grad(loss)(x);
  const std::vector<float> gradient = differentiated.eval().to_vector<float>();
  const auto v = x.to_vector<float>(), w = weights.to_vector<float>();
  for (size_t column = 0; column < kColumns; column += 9) {
    double center = 0, variance = 0, mean_w = 0, mean_wx = 0;
    for (size_t row = 0; row < kRows; ++row) center += v[row * kColumns + column] / double(kRows);
    for (size_t row = 0; row < kRows; ++row) {
      const double d = v[row * kColumns + column] - center;
      variance += d * d / kRows;
      mean_w += w[row * kColumns + column] / double(kRows);
      mean_wx += w[row * kColumns + column] * d / kRows;
    }
    const double factor = 1 / std::sqrt(variance + 1e-3);
    for (size_t row = 0; row < kRows; ++row) {
      const double d = v[row * kColumns + column] - center;
      const double expected =
          factor * (w[row * kColumns + column] - mean_w - d * factor * factor * mean_wx);
      ASSERT_NEAR(gradient[row * kColumns + column], expected, 2e-5) << row << ", " << column;
    }
  }
}

}  // namespace
}  // namespace danlu
