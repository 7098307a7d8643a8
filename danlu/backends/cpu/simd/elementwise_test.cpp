// Every SIMD kernel against the reference in float64, over the samples of its op.

#include "danlu/backends/cpu/simd/elementwise.h"

#include <gtest/gtest.h>

#include <limits>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/elementwise/cast_attrs.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;

using OpFunction = const OpDef& (*)();

const OpFunction kOps[] = {
    negative_op,     abs_op,        sign_op,     exp_op,        log_op,         log1p_op,
    expm1_op,        sqrt_op,       rsqrt_op,    square_op,     reciprocal_op,  tanh_op,
    sigmoid_op,      relu_op,       softplus_op, erf_op,        sin_op,         cos_op,
    floor_op,        ceil_op,       round_op,    isnan_op,      logical_not_op, add_op,
    subtract_op,     multiply_op,   divide_op,   power_op,      maximum_op,     minimum_op,
    equal_op,        not_equal_op,  less_op,     less_equal_op, greater_op,     greater_equal_op,
    logical_and_op,  logical_or_op, where_op,    cast_op,       sum_op,         max_op,
    min_op,          argmax_op,     argmin_op,   softmax_op,    log_softmax_op, transpose_op,
    broadcast_to_op,
};

TEST(SimdKernels, AgreeWithTheReferenceOnEverySample) {
  for (const OpFunction function : kOps) {
    const OpDef& op = function();
    int taken = 0;
    for (const OpSample& sample : op.samples()) {
      const Call call = testing::make_call(op, sample, 5);
      if (!testing::refusal(call, "simd").empty()) continue;
      ++taken;
      const auto expected = testing::run(call.with_float(DType::float64), "ref");
      for (const int threads : {1, 3}) {
        const auto actual = testing::run(call, "simd", threads);
        ASSERT_EQ(actual.size(), expected.size());
        for (size_t i = 0; i < actual.size(); ++i) {
          EXPECT_LE(testing::relative_error(actual[i], expected[i]), sample.tolerance)
              << op.name << ", " << sample.label << ", " << threads << " threads";
        }
      }
    }
    EXPECT_GT(taken, 0) << op.name;
  }
}

std::vector<double> numbers(size_t count, double low, double high, uint64_t seed = 3) {
  PhiloxStream random(seed);
  std::vector<double> values(count);
  for (double& x : values) {
    x = static_cast<double>(static_cast<float>(low + (high - low) * random.uniform()));
  }
  return values;
}

void expect_like_reference(const Call& call, double tolerance, const std::string& label) {
  ASSERT_EQ(testing::refusal(call, "simd"), "") << label;
  const auto expected = testing::run(call.with_float(DType::float64), "ref");
  for (const int threads : {1, 2, 3}) {
    const auto actual = testing::run(call, "simd", threads);
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_LE(testing::relative_error(actual[i], expected[i]), tolerance)
          << call.op->name << " " << label << ", " << threads << " threads";
    }
  }
}

TEST(SimdKernels, ReductionsOfOddShapes) {
  for (const Shape& shape : {Shape{1, 1}, Shape{7, 1}, Shape{1, 7}, Shape{513, 10}, Shape{3, 2050},
                             Shape{10007, 3}, Shape{5, 4, 33}, Shape{2, 1, 100, 17}}) {
    for (const OpFunction function : {sum_op, max_op, min_op, argmax_op, argmin_op}) {
      const OpDef& op = function();
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const Call call{.op = &op,
                        .attrs = make_attrs(ReductionAttrs{{axis}}),
                        .inputs = {{shape, DType::float32}},
                        .values = {numbers(static_cast<size_t>(shape.num_elements()), -1, 1)}};
        if (!testing::refusal(call, "simd").empty()) continue;
        expect_like_reference(call, 2e-6, shape.to_string() + " over " + std::to_string(axis));
      }
    }
  }
}

TEST(SimdKernels, ReductionsKeepNanAndInfinity) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> values = numbers(6 * 37, -1, 1);
  values[5] = nan, values[37 + 36] = nan, values[37 + 2] = inf, values[2 * 37 + 9] = -inf;
  for (size_t i = 0; i < 37; ++i) values[3 * 37 + i] = -inf;
  for (size_t i = 0; i < 37; ++i) values[4 * 37 + i] = inf;
  for (const OpFunction function : {sum_op, max_op, min_op, argmax_op, argmin_op}) {
    const OpDef& op = function();
    expect_like_reference({.op = &op,
                           .attrs = make_attrs(ReductionAttrs{{1}}),
                           .inputs = {{Shape{6, 37}, DType::float32}},
                           .values = {values}},
                          1e-6, "with NaN");
  }
}

TEST(SimdKernels, SoftmaxOfShortAndLongRows) {
  for (const OpFunction function : {softmax_op, log_softmax_op}) {
    for (const int64_t classes : {1, 2, 10, 15, 16, 17, 100, 1000, 4096}) {
      const OpDef& op = function();
      expect_like_reference({.op = &op,
                             .inputs = {{Shape{5, classes}, DType::float32}},
                             .values = {numbers(static_cast<size_t>(5 * classes), -20, 20)}},
                            2e-6, std::to_string(classes) + " classes");
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    const OpDef& op = function();
    expect_like_reference(
        {.op = &op,
         .inputs = {{Shape{5, 3}, DType::float32}},
         .values = {{1, nan, 2, inf, 0, 1, -inf, 0, 1, -inf, -inf, -inf, 1e38, 1, -1e38}}},
        1e-6, "special rows");
  }
}

TEST(SimdKernels, TransposesOfEveryRemainder) {
  const OpDef& op = transpose_op();
  for (int64_t rows = 1; rows <= 21; rows += 4) {
    for (int64_t columns = 1; columns <= 39; ++columns) {
      expect_like_reference({.op = &op,
                             .attrs = make_attrs(TransposeAttrs{{0, 2, 1}}),
                             .inputs = {{Shape{2, rows, columns}, DType::float32}},
                             .values = {numbers(static_cast<size_t>(2 * rows * columns), -1, 1)}},
                            0, std::to_string(rows) + " x " + std::to_string(columns));
    }
  }
  const Call rotation{.op = &op,
                      .attrs = make_attrs(TransposeAttrs{{2, 1, 0}}),
                      .inputs = {{Shape{3, 4, 5}, DType::float32}}};
  EXPECT_EQ(testing::refusal(rotation, "simd"), "the permutation is no batch of matrix transposes");
}

TEST(SimdKernels, CastsOfEveryPair) {
  const OpDef& op = cast_op();
  const std::vector<double> values = {0,   1,  2,  3, 100, 255, 7, 0,   64,
                                      200, 31, 12, 1, 1,   0,   9, 254, 128};
  for (int from = 0; from < kNumDTypes; ++from) {
    for (int to = 0; to < kNumDTypes; ++to) {
      Call call{.op = &op,
                .attrs = make_attrs(CastAttrs{static_cast<DType>(to)}),
                .inputs = {{Shape{18}, static_cast<DType>(from)}},
                .values = {values}};
      if (!testing::refusal(call, "simd").empty()) continue;
      EXPECT_EQ(testing::run(call, "simd"), testing::run(call, "ref")) << from << " to " << to;
    }
  }
  Call odd{.op = &op,
           .attrs = make_attrs(CastAttrs{DType::uint8}),
           .inputs = {{Shape{20}, DType::float32}},
           .values = {std::vector<double>(20, -3.7)}};
  odd.values[0][3] = 1e9, odd.values[0][4] = 2.99;
  odd.values[0][5] = std::numeric_limits<double>::quiet_NaN();
  for (const DType to : {DType::uint8, DType::int32, DType::int64, DType::bool_}) {
    odd.attrs = make_attrs(CastAttrs{to});
    EXPECT_EQ(testing::run(odd, "simd"), testing::run(odd, "ref")) << name(to);
  }
}

// Gradients of pooling over the middle axes among them.
TEST(SimdKernels, BroadcastsInBlocks) {
  const Shape out{3, 2, 5, 7, 11};
  const Shape others[] = {{3, 1, 1, 1, 11}, {1, 2, 1, 1, 11}, {3, 1, 5, 1, 11}, {2, 1, 7, 1},
                          {2, 1, 1, 11},    {3, 1, 5, 7, 1},  {3, 2, 1, 7, 1}};
  const auto values = [](const Shape& s) {
    return numbers(static_cast<size_t>(s.num_elements()), -1, 1);
  };
  for (const Shape& other : others) {
    expect_like_reference({.op = &multiply_op(),
                           .inputs = {{out, DType::float32}, {other, DType::float32}},
                           .values = {values(out), values(other)}},
                          1e-7, other.to_string());
    expect_like_reference({.op = &broadcast_to_op(),
                           .attrs = make_attrs(ShapeAttrs{out}),
                           .inputs = {{other, DType::float32}},
                           .values = {values(other)}},
                          0, other.to_string());
  }
  // An input that is smaller than the output in one block and another.
  const Shape a{3, 1, 5, 7, 11}, b{1, 2, 1, 7, 11};
  expect_like_reference({.op = &subtract_op(),
                         .inputs = {{a, DType::float32}, {b, DType::float32}},
                         .values = {values(a), values(b)}},
                        1e-7, "two");
}

TEST(SimdKernels, RefusalsSayWhy) {
  Call call{.op = &add_op(),
            .inputs = {{Shape{2, 3}, DType::float64}, {Shape{2, 3}, DType::float64}}};
  EXPECT_EQ(testing::refusal(call, "simd"), "float64 operands are not computed in float32");
  call.inputs = {{Shape{2, 3}, DType::int32}, {Shape{2, 3}, DType::int32}};
  EXPECT_EQ(testing::refusal(call, "simd"), "int32 operands are not computed in float32");
  call.inputs = {{Shape{2, 3, 4}, DType::float32}, {Shape{2, 1, 4}, DType::float32}};
  EXPECT_EQ(
      testing::refusal(call, "simd"),
      "an operand is no full, row, column or scalar operand of (2, 3, 4), nor of blocks of 32 "
      "elements");
  call = {.op = &sum_op(),
          .attrs = make_attrs(ReductionAttrs{{0, 2}}),
          .inputs = {{Shape{2, 3, 4}, DType::float32}}};
  EXPECT_EQ(testing::refusal(call, "simd"), "the reduced axes do not stand together");
}

}  // namespace
}  // namespace danlu::cpu
