#include "danlu/backends/cpu/ref/elementwise_functions.h"

#include <cmath>
#include <limits>

namespace danlu::cpu {
namespace {

using Int = int64_t;

// Signed overflow is undefined, so integers are computed as unsigned ones, which wrap.
Int wrap(uint64_t x) { return static_cast<Int>(x); }
uint64_t bits(Int x) { return static_cast<uint64_t>(x); }

double negative(double x) { return -x; }
Int negative(Int x) { return wrap(0 - bits(x)); }
double absolute(double x) { return std::fabs(x); }
Int absolute(Int x) { return x < 0 ? negative(x) : x; }
double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }
Int sign(Int x) { return (x > 0) - (x < 0); }
double square(double x) { return x * x; }
Int square(Int x) { return wrap(bits(x) * bits(x)); }
double relu(double x) { return x > 0 || x != x ? x : 0; }
Int relu(Int x) { return x > 0 ? x : 0; }
Int same(Int x) { return x; }
Int never(Int) { return 0; }
double is_nan(double x) { return x != x; }
template <class T>
T logical_not(T x) {
  return x == 0;
}

double exponential(double x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double log1p(double x) { return std::log1p(x); }
double expm1(double x) { return std::expm1(x); }
double sqrt(double x) { return std::sqrt(x); }
double rsqrt(double x) { return 1 / std::sqrt(x); }
double reciprocal(double x) { return 1 / x; }
double tanh(double x) { return std::tanh(x); }
double erf(double x) { return std::erf(x); }
double sin(double x) { return std::sin(x); }
double cos(double x) { return std::cos(x); }
double floor(double x) { return std::floor(x); }
double ceil(double x) { return std::ceil(x); }
// The rounding mode is to nearest, halves to even, throughout the process.
double round(double x) { return std::nearbyint(x); }
// exp of what is not positive never overflows.
double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}
double softplus(double x) { return relu(x) + std::log1p(std::exp(-std::fabs(x))); }

double add(double a, double b) { return a + b; }
Int add(Int a, Int b) { return wrap(bits(a) + bits(b)); }
double subtract(double a, double b) { return a - b; }
Int subtract(Int a, Int b) { return wrap(bits(a) - bits(b)); }
double multiply(double a, double b) { return a * b; }
Int multiply(Int a, Int b) { return wrap(bits(a) * bits(b)); }
double divide(double a, double b) { return a / b; }
double power(double a, double b) { return std::pow(a, b); }
Int power(Int a, Int b) {
  if (b < 0) {
    if (a == 1) return 1;
    if (a == -1) return b % 2 == 0 ? 1 : -1;
    return 0;
  }
  uint64_t result = 1;
  uint64_t factor = bits(a);
  for (; b > 0; b >>= 1, factor *= factor) {
    if (b & 1) result *= factor;
  }
  return wrap(result);
}
template <class T>
T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
T minimum(T a, T b) {
  return a < b || a != a ? a : b;
}
template <class T>
T equal(T a, T b) {
  return a == b;
}
template <class T>
T not_equal(T a, T b) {
  return a != b;
}
template <class T>
T less(T a, T b) {
  return a < b;
}
template <class T>
T less_equal(T a, T b) {
  return a <= b;
}
template <class T>
T greater(T a, T b) {
  return a > b;
}
template <class T>
T greater_equal(T a, T b) {
  return a >= b;
}
template <class T>
T logical_and(T a, T b) {
  return a != 0 && b != 0;
}
template <class T>
T logical_or(T a, T b) {
  return a != 0 || b != 0;
}

template <class T, T (*F)(T)>
void map1(const T* a, const T*, const T*, T* out, int n) {
  for (int i = 0; i < n; ++i) out[i] = F(a[i]);
}
template <class T, T (*F)(T, T)>
void map2(const T* a, const T* b, const T*, T* out, int n) {
  for (int i = 0; i < n; ++i) out[i] = F(a[i], b[i]);
}
template <class T>
void choose(const T* condition, const T* a, const T* b, T* out, int n) {
  for (int i = 0; i < n; ++i) out[i] = condition[i] != 0 ? a[i] : b[i];
}

template <double (*F)(double)>
constexpr ElementwiseFunction floating(std::string_view op) {
  return {op, map1<double, F>, nullptr};
}
template <double (*F)(double), Int (*I)(Int)>
constexpr ElementwiseFunction unary(std::string_view op) {
  return {op, map1<double, F>, map1<Int, I>};
}
template <double (*F)(double, double), Int (*I)(Int, Int)>
constexpr ElementwiseFunction binary(std::string_view op) {
  return {op, map2<double, F>, map2<Int, I>};
}

constexpr ElementwiseFunction kFunctions[] = {
    unary<negative, negative>("negative"),
    unary<absolute, absolute>("abs"),
    unary<sign, sign>("sign"),
    floating<exponential>("exp"),
    floating<logarithm>("log"),
    floating<log1p>("log1p"),
    floating<expm1>("expm1"),
    floating<sqrt>("sqrt"),
    floating<rsqrt>("rsqrt"),
    unary<square, square>("square"),
    floating<reciprocal>("reciprocal"),
    floating<tanh>("tanh"),
    floating<sigmoid>("sigmoid"),
    unary<relu, relu>("relu"),
    floating<softplus>("softplus"),
    floating<erf>("erf"),
    floating<sin>("sin"),
    floating<cos>("cos"),
    unary<floor, same>("floor"),
    unary<ceil, same>("ceil"),
    unary<round, same>("round"),
    unary<is_nan, never>("isnan"),
    unary<logical_not<double>, logical_not<Int>>("logical_not"),
    binary<add, add>("add"),
    binary<subtract, subtract>("subtract"),
    binary<multiply, multiply>("multiply"),
    {"divide", map2<double, divide>, nullptr},
    binary<power, power>("power"),
    binary<maximum<double>, maximum<Int>>("maximum"),
    binary<minimum<double>, minimum<Int>>("minimum"),
    binary<equal<double>, equal<Int>>("equal"),
    binary<not_equal<double>, not_equal<Int>>("not_equal"),
    binary<less<double>, less<Int>>("less"),
    binary<less_equal<double>, less_equal<Int>>("less_equal"),
    binary<greater<double>, greater<Int>>("greater"),
    binary<greater_equal<double>, greater_equal<Int>>("greater_equal"),
    binary<logical_and<double>, logical_and<Int>>("logical_and"),
    binary<logical_or<double>, logical_or<Int>>("logical_or"),
    {"where", choose<double>, choose<Int>},
};

}  // namespace

const ElementwiseFunction* find_elementwise_function(std::string_view op) {
  for (const ElementwiseFunction& function : kFunctions) {
    if (function.op == op) return &function;
  }
  return nullptr;
}

}  // namespace danlu::cpu
