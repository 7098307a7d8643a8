// Accuracy of the vector functions, in units in the last place against the C library in double.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "danlu/backends/cpu/simd/tile_table.h"

namespace danlu::cpu::simd {
namespace {

using Limits = std::numeric_limits<float>;

std::vector<Isa> isas() {
  std::vector<Isa> all;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa <= cpu_isa()) all.push_back(isa);
  }
  return all;
}

/// Floats in the order of their values, as integers.
int64_t ordinal(float x) {
  const int32_t bits = std::bit_cast<int32_t>(x);
  return bits < 0 ? -static_cast<int64_t>(bits & 0x7fffffff) : bits;
}

int64_t ulps(float actual, double expected) {
  const float rounded = static_cast<float>(expected);
  if (std::isnan(actual) || std::isnan(rounded)) {
    return std::isnan(actual) && std::isnan(rounded) ? 0 : int64_t{1} << 40;
  }
  return std::abs(ordinal(actual) - ordinal(rounded));
}

std::vector<float> special_points() {
  std::vector<float> points = {0.0f,
                               Limits::denorm_min(),
                               Limits::min(),
                               1e-30f,
                               1e-10f,
                               5.9e-8f,
                               1e-7f,
                               1e-4f,
                               0.25f,
                               0.5f,
                               1.0f,
                               1.5f,
                               2.0f,
                               2.5f,
                               3.0f,
                               10.0f,
                               17.0f,
                               88.0f,
                               88.72283f,
                               88.73f,
                               103.9f,
                               104.5f,
                               1e5f,
                               1.1e5f,
                               1e9f,
                               1e30f,
                               Limits::max(),
                               Limits::infinity(),
                               Limits::quiet_NaN()};
  const size_t count = points.size();
  for (size_t i = 0; i < count; ++i) {
    points.push_back(-points[i]);
    for (const float towards : {-Limits::infinity(), Limits::infinity()}) {
      points.push_back(std::nextafter(points[i], towards));
      points.push_back(std::nextafter(-points[i], towards));
    }
  }
  return points;
}

/// Evenly spaced, log-spaced and special points, and neighbours of multiples of π/2.
std::vector<float> points(float low, float high) {
  std::vector<float> x = special_points();
  for (int i = 0; i <= 100'000; ++i)
    x.push_back(low + (high - low) * static_cast<float>(i) * 1e-5f);
  std::mt19937 random(7);
  for (int i = 0; i < 100'000; ++i)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  for (int i = 0; i < 60'000; ++i) {
    const float near = static_cast<float>(i * 1.5707963267948966);
    x.push_back(near);
    x.push_back(-near);
  }
  return x;
}

struct UnaryCase {
  TileOp op;
  double (*reference)(double);
  float low, high;
  int64_t limit;  ///< in ULP
};

double sigmoid(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double nan_or(double x, double y) { return std::isnan(x) ? x : y; }

const UnaryCase kUnary[] = {
    {TileOp::exp, [](double x) { return std::exp(x); }, -104, 89, 2},
    {TileOp::log, [](double x) { return std::log(x); }, 0, 4, 2},
    {TileOp::log1p, [](double x) { return std::log1p(x); }, -1, 2, 2},
    {TileOp::expm1, [](double x) { return std::expm1(x); }, -2, 2, 3},
    {TileOp::tanh, [](double x) { return std::tanh(x); }, -10, 10, 4},
    {TileOp::sigmoid, sigmoid, -90, 20, 3},
    {TileOp::softplus, [](double x) { return nan_or(x, softplus(x)); }, -90, 20, 3},
    {TileOp::erf, [](double x) { return std::erf(x); }, -4.5, 4.5, 2},
    {TileOp::sin, [](double x) { return std::sin(x); }, -100, 100, 2},
    {TileOp::cos, [](double x) { return std::cos(x); }, -100, 100, 2},
    {TileOp::trunc, [](double x) { return std::trunc(x); }, -10, 10, 0},
    {TileOp::exp2, [](double x) { return std::exp2(x); }, -150, 128, 2},
    {TileOp::log2, [](double x) { return std::log2(x); }, 0, 4, 2},
    {TileOp::log10, [](double x) { return std::log10(x); }, 0, 4, 3},
    {TileOp::cbrt, [](double x) { return std::cbrt(x); }, -4, 4, 2},
    {TileOp::tan, [](double x) { return std::tan(x); }, -100, 100, 4},
    {TileOp::arcsin, [](double x) { return std::asin(x); }, -1, 1, 3},
    {TileOp::arccos, [](double x) { return std::acos(x); }, -1, 1, 3},
    {TileOp::arctan, [](double x) { return std::atan(x); }, -5, 5, 3},
    {TileOp::sinh, [](double x) { return std::sinh(x); }, -90, 90, 4},
    {TileOp::cosh, [](double x) { return std::cosh(x); }, -90, 90, 4},
    {TileOp::arcsinh, [](double x) { return std::asinh(x); }, -5, 5, 4},
    {TileOp::arccosh, [](double x) { return std::acosh(x); }, 1, 5, 4},
    {TileOp::arctanh, [](double x) { return std::atanh(x); }, -1, 1, 4},
    {TileOp::sqrt, [](double x) { return std::sqrt(x); }, 0, 4, 0},
    {TileOp::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0, 4, 2},
    {TileOp::reciprocal, [](double x) { return 1 / x; }, -4, 4, 0},
    {TileOp::round, [](double x) { return std::nearbyint(x); }, -10, 10, 0},
    {TileOp::floor, [](double x) { return std::floor(x); }, -10, 10, 0},
    {TileOp::ceil, [](double x) { return std::ceil(x); }, -10, 10, 0},
    {TileOp::relu, [](double x) { return x < 0 ? 0 : x; }, -1, 1, 0},
    {TileOp::sign, [](double x) { return x > 0 ? 1 : (x < 0 ? -1 : x); }, -1, 1, 0},
    {TileOp::neg, [](double x) { return -x; }, -1, 1, 0},
    {TileOp::abs, [](double x) { return std::abs(x); }, -1, 1, 0},
    {TileOp::square, [](double x) { return x * x; }, -1, 1, 0},
    {TileOp::is_nan, [](double x) { return std::isnan(x) ? 1.0 : 0.0; }, -1, 1, 0},
    {TileOp::logical_not, [](double x) { return x == 0 ? 1.0 : 0.0; }, -1, 1, 0},
};

TEST(SimdMath, UnaryFunctionsWithinTheirBounds) {
  for (const Isa isa : isas()) {
    for (const UnaryCase& test : kUnary) {
      const std::vector<float> x = points(test.low, test.high);
      std::vector<float> y(x.size());
      tile_table(isa).loops[static_cast<size_t>(test.op)](x.data(), x.data(), x.data(), y.data(),
                                                          x.size(), 0);
      int64_t worst = 0;
      size_t where = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const int64_t error = ulps(y[i], test.reference(x[i]));
        if (error > worst) worst = error, where = i;
      }
      RecordProperty(std::string(name(isa)) + "_" + std::string(name(test.op)),
                     static_cast<int>(worst));
      EXPECT_LE(worst, test.limit) << name(isa) << " " << name(test.op) << " at " << x[where]
                                   << ": " << y[where] << ", not " << test.reference(x[where]);
    }
  }
}

TEST(SimdMath, OddFunctionsKeepTheSignOfZero) {
  const float zero[] = {-0.0f};
  for (const Isa isa : isas()) {
    for (const TileOp op :
         {TileOp::log1p, TileOp::expm1, TileOp::tanh, TileOp::erf, TileOp::sin, TileOp::sqrt,
          TileOp::round, TileOp::trunc, TileOp::cbrt, TileOp::tan, TileOp::arcsin, TileOp::arctan,
          TileOp::sinh, TileOp::arcsinh, TileOp::arctanh}) {
      float y = 1;
      tile_table(isa).loops[static_cast<size_t>(op)](zero, zero, zero, &y, 1, 0);
      EXPECT_EQ(std::bit_cast<uint32_t>(y), 0x80000000u) << name(isa) << " " << name(op);
    }
  }
}

/// What the `ref` kernels compute in double.
double remainder_of(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

TEST(SimdMath, FunctionsOfTwoWithinTheirBounds) {
  struct Case {
    TileOp op;
    double (*reference)(double, double);
    int64_t limit;
  };
  const Case cases[] = {
      {TileOp::arctan2, [](double x, double y) { return std::atan2(x, y); }, 3},
      {TileOp::hypot, [](double x, double y) { return std::hypot(x, y); }, 3},
      {TileOp::fmod, [](double x, double y) { return std::fmod(x, y); }, 0},
      {TileOp::mod, remainder_of, 0},
  };
  std::vector<float> x, y;
  const std::vector<float> all = points(-20, 20);
  for (size_t i = 0; i < all.size(); i += 97) {
    for (size_t j = i % 89; j < all.size(); j += 1999) x.push_back(all[i]), y.push_back(all[j]);
  }
  for (const float a : special_points()) {
    for (const float b : special_points()) x.push_back(a), y.push_back(b);
  }
  std::vector<float> out(x.size());
  for (const Isa isa : isas()) {
    for (const Case& test : cases) {
      tile_table(isa).loops[static_cast<size_t>(test.op)](x.data(), y.data(), x.data(), out.data(),
                                                          x.size(), 0);
      for (size_t i = 0; i < x.size(); ++i) {
        const double expected =
            test.reference(static_cast<double>(x[i]), static_cast<double>(y[i]));
        ASSERT_LE(ulps(out[i], expected), test.limit)
            << name(isa) << " " << name(test.op) << " of " << x[i] << ", " << y[i] << ": " << out[i]
            << ", not " << expected;
      }
    }
  }
}

struct BinaryCase {
  TileOp op;
  float (*reference)(float, float);
};

const BinaryCase kBinary[] = {
    {TileOp::add, [](float x, float y) { return x + y; }},
    {TileOp::sub, [](float x, float y) { return x - y; }},
    {TileOp::mul, [](float x, float y) { return x * y; }},
    {TileOp::div, [](float x, float y) { return x / y; }},
    {TileOp::maximum, [](float x, float y) { return x > y || std::isnan(x) ? x : y; }},
    {TileOp::minimum, [](float x, float y) { return x < y || std::isnan(x) ? x : y; }},
    {TileOp::equal, [](float x, float y) -> float { return x == y; }},
    {TileOp::not_equal, [](float x, float y) -> float { return x != y; }},
    {TileOp::less, [](float x, float y) -> float { return x < y; }},
    {TileOp::less_equal, [](float x, float y) -> float { return x <= y; }},
    {TileOp::greater, [](float x, float y) -> float { return x > y; }},
    {TileOp::greater_equal, [](float x, float y) -> float { return x >= y; }},
    {TileOp::logical_and, [](float x, float y) -> float { return x != 0 && y != 0; }},
    {TileOp::logical_or, [](float x, float y) -> float { return x != 0 || y != 0; }},
    {TileOp::select, [](float x, float y) { return x != 0 ? y : x; }},
};

TEST(SimdMath, BinaryOperationsOnSpecialPairs) {
  std::vector<float> x, y;
  for (const float a : special_points()) {
    for (const float b : special_points()) x.push_back(a), y.push_back(b);
  }
  for (const Isa isa : isas()) {
    for (const BinaryCase& test : kBinary) {
      std::vector<float> out(x.size());
      tile_table(isa).loops[static_cast<size_t>(test.op)](x.data(), y.data(), x.data(), out.data(),
                                                          x.size(), 0);
      for (size_t i = 0; i < x.size(); ++i) {
        const float expected = test.reference(x[i], y[i]);
        ASSERT_TRUE(out[i] == expected || (std::isnan(out[i]) && std::isnan(expected)))
            << name(isa) << " " << name(test.op) << " of " << x[i] << " and " << y[i] << ": "
            << out[i];
      }
    }
  }
}

TEST(SimdMath, PowerWithinItsBound) {
  std::vector<float> x, y;
  const auto add = [&](float base, float exponent) {
    x.push_back(base);
    y.push_back(exponent);
  };
  std::vector<float> special = special_points();
  for (int i = -9; i <= 9; ++i) special.push_back(static_cast<float>(i) / 2);
  for (const float base : special) {
    for (const float exponent : special) add(base, exponent);
  }
  std::mt19937 random(11);
  std::uniform_real_distribution<float> log_base(-40, 40), scaled(-1, 1), near(0.99f, 1.01f);
  for (int i = 0; i < 200'000; ++i) {
    const float l = log_base(random);
    add(std::exp(l), 90 * scaled(random) / l);
    add(near(random), 9000 * scaled(random));
    add(-8 * std::abs(scaled(random)), static_cast<float>(static_cast<int>(random() % 41) - 20));
  }
  for (const Isa isa : isas()) {
    std::vector<float> out(x.size());
    tile_table(isa).loops[static_cast<size_t>(TileOp::pow)](x.data(), y.data(), x.data(),
                                                            out.data(), x.size(), 0);
    int64_t worst = 0;
    size_t where = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t error = ulps(out[i], std::pow(static_cast<double>(x[i]), y[i]));
      if (error > worst) worst = error, where = i;
    }
    EXPECT_LE(worst, 1) << name(isa) << " " << x[where] << " ^ " << y[where] << ": " << out[where];
  }
}

}  // namespace
}  // namespace danlu::cpu::simd
