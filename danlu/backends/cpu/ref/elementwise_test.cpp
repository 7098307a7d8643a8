#include "danlu/backends/cpu/ref/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "danlu/backends/cpu/ref/run_kernel.h"
#include "danlu/ops/elementwise/cast_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

const std::vector<double> kSpecial = {
    0.0,  -0.0, 5e-324, -5e-324, 1e-45, 1e-38, 1e-30,  -1e-30, 1e-8,  -1e-8, 0.25, -0.25,
    0.5,  -0.5, 1,      -1,      1.5,   -1.5,  2,      -2,     2.5,   -2.5,  3.5,  10,
    -10,  35,   -35,    88,      -88,   100,   -100,   710,    -710,  800,   -800, 1e6,
    -1e6, 1e30, -1e30,  3e38,    -3e38, 1e300, -1e300, kInf,   -kInf, kNan};

void expect_same(double expected, double actual, double tolerance, const std::string& context) {
  if (std::isnan(expected) || std::isinf(expected) || expected == 0) {
    EXPECT_TRUE(std::isnan(expected) ? std::isnan(actual) : expected == actual)
        << context << ": expected " << expected << ", got " << actual;
  } else {
    EXPECT_NEAR(expected, actual, tolerance * std::fabs(expected) + 5e-324) << context;
  }
}

struct Unary {
  const OpDef& (*op)();
  std::function<double(double)> expected;
};

const std::vector<Unary> kUnary = {
    {negative_op, [](double x) { return -x; }},
    {abs_op, [](double x) { return std::fabs(x); }},
    {sign_op, [](double x) { return std::isnan(x) ? x : (x > 0) - (x < 0); }},
    {exp_op, [](double x) { return std::exp(x); }},
    {log_op, [](double x) { return std::log(x); }},
    {log1p_op, [](double x) { return std::log1p(x); }},
    {expm1_op, [](double x) { return std::expm1(x); }},
    {sqrt_op, [](double x) { return std::sqrt(x); }},
    {rsqrt_op, [](double x) { return 1 / std::sqrt(x); }},
    {square_op, [](double x) { return x * x; }},
    {reciprocal_op, [](double x) { return 1 / x; }},
    {tanh_op, [](double x) { return std::tanh(x); }},
    {sigmoid_op, [](double x) { return 0.5 * std::tanh(0.5 * x) + 0.5; }},
    {relu_op, [](double x) { return std::isnan(x) ? x : std::fmax(x, 0); }},
    {erf_op, [](double x) { return std::erf(x); }},
    {sin_op, [](double x) { return std::sin(x); }},
    {cos_op, [](double x) { return std::cos(x); }},
    {floor_op, [](double x) { return std::floor(x); }},
    {ceil_op, [](double x) { return std::ceil(x); }},
    {round_op, [](double x) { return std::nearbyint(x); }},
    {isnan_op, [](double x) { return std::isnan(x); }},
    {logical_not_op, [](double x) { return x == 0; }},
};

TEST(RefElementwise, UnaryFunctionsAtSpecialPoints) {
  for (const Unary& unary : kUnary) {
    const OpDef& op = unary.op();
    const HostTensor x = tensor_of(kSpecial, {int64_t(kSpecial.size())}, DType::float64);
    const auto y = as_doubles(run_kernel(ref_elementwise(), op, nullptr, {x}).outputs[0]);
    for (size_t i = 0; i < y.size(); ++i) {
      // The formula for sigmoid above cancels far below zero.
      if (op.name == "sigmoid" && kSpecial[i] < -2) continue;
      expect_same(unary.expected(kSpecial[i]), y[i], 1e-14,
                  std::string(op.name) + " of " + std::to_string(kSpecial[i]));
    }
  }
}

TEST(RefElementwise, SigmoidAndSoftplusDoNotOverflow) {
  const std::vector<double> x = {-1000, -745, -100, -40, 0, 40, 100, 1000, kInf, -kInf, kNan};
  const HostTensor in = tensor_of(x, {int64_t(x.size())}, DType::float64);
  const auto s = as_doubles(run_kernel(ref_elementwise(), sigmoid_op(), nullptr, {in}).outputs[0]);
  const auto p = as_doubles(run_kernel(ref_elementwise(), softplus_op(), nullptr, {in}).outputs[0]);
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string context = "of " + std::to_string(x[i]);
    expect_same(x[i] < -30 ? std::exp(x[i]) : 1 / (1 + std::exp(-x[i])), s[i], 1e-14, context);
    expect_same(x[i] > 30 ? x[i] : std::log1p(std::exp(x[i])), p[i], 1e-14, context);
  }
}

TEST(RefElementwise, EveryFloatDtypeRoundsTheDoubleResult) {
  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    for (const Unary& unary : kUnary) {
      const HostTensor x = tensor_of(kSpecial, {int64_t(kSpecial.size())}, dtype);
      const auto in = as_doubles(x);
      const HostTensor out = run_kernel(ref_elementwise(), unary.op(), nullptr, {x}).outputs[0];
      const auto y = as_doubles(out);
      for (size_t i = 0; i < y.size(); ++i) {
        if (unary.op().name == "sigmoid" && in[i] < -2) continue;
        const double expected = as_doubles(tensor_of({unary.expected(in[i])}, {1}, out.dtype()))[0];
        expect_same(expected, y[i], dtype == DType::float32 ? 2e-7 : 8e-3,
                    std::string(unary.op().name) + " of " + std::to_string(in[i]));
      }
    }
  }
}

struct Binary {
  const OpDef& (*op)();
  std::function<double(double, double)> expected;
};

const std::vector<Binary> kBinary = {
    {add_op, [](double a, double b) { return a + b; }},
    {subtract_op, [](double a, double b) { return a - b; }},
    {multiply_op, [](double a, double b) { return a * b; }},
    {divide_op, [](double a, double b) { return a / b; }},
    {power_op, [](double a, double b) { return std::pow(a, b); }},
    {maximum_op,
     [](double a, double b) { return std::isnan(a) || std::isnan(b) ? kNan : std::fmax(a, b); }},
    {minimum_op,
     [](double a, double b) { return std::isnan(a) || std::isnan(b) ? kNan : std::fmin(a, b); }},
    {equal_op, [](double a, double b) { return a == b; }},
    {not_equal_op, [](double a, double b) { return a != b; }},
    {less_op, [](double a, double b) { return a < b; }},
    {less_equal_op, [](double a, double b) { return a <= b; }},
    {greater_op, [](double a, double b) { return a > b; }},
    {greater_equal_op, [](double a, double b) { return a >= b; }},
    {logical_and_op, [](double a, double b) { return a != 0 && b != 0; }},
    {logical_or_op, [](double a, double b) { return a != 0 || b != 0; }},
};

TEST(RefElementwise, BinaryFunctionsAtAllPairsOfSpecialPoints) {
  const auto n = static_cast<int64_t>(kSpecial.size());
  for (const Binary& binary : kBinary) {
    const OpDef& op = binary.op();
    const HostTensor a = tensor_of(kSpecial, {n, 1}, DType::float64);
    const HostTensor b = tensor_of(kSpecial, {n}, DType::float64);
    const auto y = as_doubles(run_kernel(ref_elementwise(), op, nullptr, {a, b}, 2).outputs[0]);
    for (size_t i = 0; i < kSpecial.size(); ++i) {
      for (size_t j = 0; j < kSpecial.size(); ++j) {
        expect_same(binary.expected(kSpecial[i], kSpecial[j]), y[i * kSpecial.size() + j], 1e-14,
                    std::string(op.name) + " of " + std::to_string(kSpecial[i]) + " and " +
                        std::to_string(kSpecial[j]));
      }
    }
  }
}

TEST(RefElementwise, BroadcastingFollowsNumPy) {
  struct Case {
    Shape a, b, out;
  };
  const Case cases[] = {{{4, 5}, {4, 5}, {4, 5}},
                        {{4, 5}, {5}, {4, 5}},
                        {{4, 1}, {4, 5}, {4, 5}},
                        {{}, {3}, {3}},
                        {{3, 1, 5}, {1, 4, 1}, {3, 4, 5}},
                        {{2, 1, 3, 1}, {4, 1, 5}, {2, 4, 3, 5}},
                        {{1, 1}, {7, 9}, {7, 9}},
                        {{2, 3, 600}, {3, 1}, {2, 3, 600}},
                        {{0, 3}, {3}, {0, 3}},
                        {{1}, {1, 1}, {1, 1}}};
  for (const Case& c : cases) {
    std::vector<double> a(static_cast<size_t>(c.a.num_elements()));
    std::vector<double> b(static_cast<size_t>(c.b.num_elements()));
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(i);
    for (size_t i = 0; i < b.size(); ++i) b[i] = 10000.0 * static_cast<double>(i);
    for (const int threads : {1, 3}) {
      const HostTensor out = run_kernel(ref_elementwise(), add_op(), nullptr,
                                        {tensor_of(a, c.a), tensor_of(b, c.b)}, threads)
                                 .outputs[0];
      ASSERT_EQ(out.shape(), c.out);
      const auto y = as_doubles(out);
      const auto index = [&](const Shape& shape, int64_t flat) {
        int64_t at = 0, stride = 1;
        for (int i = 1; i <= c.out.rank(); ++i) {
          const int64_t coordinate = flat % c.out[-i];
          flat /= c.out[-i];
          if (i <= shape.rank()) {
            if (shape[-i] != 1) at += coordinate * stride;
            stride *= shape[-i];
          }
        }
        return static_cast<size_t>(at);
      };
      for (size_t i = 0; i < y.size(); ++i) {
        ASSERT_EQ(y[i], a[index(c.a, int64_t(i))] + b[index(c.b, int64_t(i))])
            << c.a.to_string() << " and " << c.b.to_string() << " at " << i;
      }
    }
  }
}

template <class T>
std::vector<T> integers(const OpDef& op, const std::vector<T>& a, const std::vector<T>& b = {}) {
  std::vector<HostTensor> inputs = {HostTensor::from(a)};
  if (!b.empty()) inputs.push_back(HostTensor::from(b));
  return run_kernel(ref_elementwise(), op, nullptr, inputs).outputs[0].template to_vector<T>();
}

TEST(RefElementwise, IntegersWrapAround) {
  constexpr int32_t lo = INT32_MIN, hi = INT32_MAX;
  constexpr int64_t lo64 = INT64_MIN, hi64 = INT64_MAX;
  EXPECT_EQ(integers<int32_t>(add_op(), {hi, lo, 3}, {1, -1, 4}),
            (std::vector<int32_t>{lo, hi, 7}));
  EXPECT_EQ(integers<int64_t>(add_op(), {hi64}, {1}), (std::vector<int64_t>{lo64}));
  EXPECT_EQ(integers<int64_t>(negative_op(), {lo64, 5}), (std::vector<int64_t>{lo64, -5}));
  EXPECT_EQ(integers<int32_t>(abs_op(), {lo, -7}), (std::vector<int32_t>{lo, 7}));
  EXPECT_EQ(integers<int64_t>(multiply_op(), {hi64}, {2}), (std::vector<int64_t>{-2}));
  EXPECT_EQ(integers<uint8_t>(subtract_op(), {3, 200}, {5, 100}), (std::vector<uint8_t>{254, 100}));
  EXPECT_EQ(integers<uint8_t>(square_op(), {20}), (std::vector<uint8_t>{144}));
  EXPECT_EQ(integers<int64_t>(power_op(), {3, 2, -2, 0, 7, 1, -1, -1, 5, 0},
                              {4, 63, 3, 0, 0, -5, -3, -2, -1, -1}),
            (std::vector<int64_t>{81, lo64, -8, 1, 1, 1, -1, 1, 0, 0}));
  // Beyond 2^53, where double would not tell them apart.
  EXPECT_EQ(integers<int64_t>(maximum_op(), {hi64 - 1}, {hi64}), (std::vector<int64_t>{hi64}));
  EXPECT_EQ(integers<int32_t>(relu_op(), {-3, 4}), (std::vector<int32_t>{0, 4}));
  EXPECT_EQ(integers<int32_t>(sign_op(), {-3, 0, 4}), (std::vector<int32_t>{-1, 0, 1}));
}

TEST(RefElementwise, BoolsAddAsDisjunction) {
  const HostTensor a = tensor_of({0, 0, 1, 1}, {4}, DType::bool_);
  const HostTensor b = tensor_of({0, 1, 0, 1}, {4}, DType::bool_);
  const auto values = [&](const OpDef& op) {
    return as_doubles(run_kernel(ref_elementwise(), op, nullptr, {a, b}).outputs[0]);
  };
  EXPECT_EQ(values(add_op()), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(values(multiply_op()), (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(values(logical_and_op()), (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(values(not_equal_op()), (std::vector<double>{0, 1, 1, 0}));
}

TEST(RefElementwise, WhereTakesNothingFromTheOtherSide) {
  const HostTensor condition = tensor_of({1, 0, 1}, {3}, DType::bool_);
  const HostTensor a = tensor_of({1, kNan, 3}, {3}), b = tensor_of({kInf, -2, kNan}, {3});
  EXPECT_EQ(
      as_doubles(run_kernel(ref_elementwise(), where_op(), nullptr, {condition, a, b}).outputs[0]),
      (std::vector<double>{1, -2, 3}));
}

TEST(RefElementwise, MayAliasInputsOfTheSameShapeAndSize) {
  std::vector<double> values(1500), row(500);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.5 * static_cast<double>(i) - 300;
  for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<double>(i);
  for (const DType dtype : {DType::float32, DType::float64, DType::int32}) {
    const HostTensor a = tensor_of(values, {3, 500}, dtype), b = tensor_of(row, {500}, dtype);
    const auto plain = run_kernel(ref_elementwise(), subtract_op(), nullptr, {a, b});
    const auto aliased = run_kernel(ref_elementwise(), subtract_op(), nullptr, {a, b}, 2, 0);
    EXPECT_EQ(as_doubles(plain.outputs[0]), as_doubles(aliased.outputs[0]));
    // A broadcast input is read again and again.
    EXPECT_THROW(run_kernel(ref_elementwise(), subtract_op(), nullptr, {a, b}, 1, 1),
                 UnsupportedError);
    // bool is smaller than float32.
    EXPECT_THROW(run_kernel(ref_elementwise(), less_op(), nullptr, {a, a}, 1, 0), UnsupportedError);
  }
}

TEST(RefCast, SaturatesTruncatesAndKeepsWhatFits) {
  const auto cast_to = [](const std::vector<double>& x, DType from, DType to) {
    return as_doubles(run_kernel(ref_cast(), cast_op(), make_attrs(CastAttrs{to}),
                                 {tensor_of(x, {int64_t(x.size())}, from)}, 2)
                          .outputs[0]);
  };
  EXPECT_EQ(cast_to({1.9, -1.9, 300, -5, kNan, kInf}, DType::float32, DType::uint8),
            (std::vector<double>{1, 0, 255, 0, 0, 255}));
  EXPECT_EQ(cast_to({3e9, -3e9, -2.5}, DType::float64, DType::int32),
            (std::vector<double>{2147483647, -2147483648.0, -2}));
  EXPECT_EQ(cast_to({0, 0.25, -0.0, kNan}, DType::float32, DType::bool_),
            (std::vector<double>{0, 1, 0, 1}));
  EXPECT_EQ(cast_to({1.00390625, 3}, DType::float32, DType::bfloat16), (std::vector<double>{1, 3}));
  const auto exact = run_kernel(ref_cast(), cast_op(), make_attrs(CastAttrs{DType::int64}),
                                {HostTensor::from(std::vector<int32_t>{INT32_MIN, INT32_MAX})});
  EXPECT_EQ(exact.outputs[0].to_vector<int64_t>(), (std::vector<int64_t>{INT32_MIN, INT32_MAX}));
}

TEST(RefCopy, CopiesBytesAndMayStayInPlace) {
  std::vector<double> values(1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  for (const DType dtype : {DType::float32, DType::bfloat16, DType::int64}) {
    const HostTensor x = tensor_of(values, {1000}, dtype);
    EXPECT_EQ(as_doubles(run_kernel(ref_copy(), copy_op(), nullptr, {x}, 3).outputs[0]),
              as_doubles(x));
    EXPECT_EQ(as_doubles(run_kernel(ref_copy(), copy_op(), nullptr, {x}, 3, 0).outputs[0]),
              as_doubles(x));
  }
}

}  // namespace
}  // namespace danlu::cpu
