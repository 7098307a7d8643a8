#include "danlu/backends/cpu/ref/elementwise_functions.h"

#include <cmath>
#include <complex>
#include <limits>
#include <utility>

namespace danlu::cpu {
namespace {

using Int = int64_t;
using Unsigned = uint64_t;  ///< of uint64 only: narrower unsigned integers are computed as Int
using Complex = std::complex<double>;

// Signed overflow is undefined, so integers are computed as unsigned ones, which wrap.
Int wrap(Unsigned x) { return static_cast<Int>(x); }
Unsigned bits(Int x) { return static_cast<Unsigned>(x); }

double negative(double x) { return -x; }
Int negative(Int x) { return wrap(0 - bits(x)); }
Unsigned negative(Unsigned x) { return 0 - x; }
Complex negative(Complex x) { return -x; }
double absolute(double x) { return std::fabs(x); }
Int absolute(Int x) { return x < 0 ? negative(x) : x; }
Complex absolute(Complex x) { return std::abs(x); }
double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }
Int sign(Int x) { return (x > 0) - (x < 0); }
Unsigned sign(Unsigned x) { return x > 0; }
double square(double x) { return x * x; }
Int square(Int x) { return wrap(bits(x) * bits(x)); }
Unsigned square(Unsigned x) { return x * x; }
Complex square(Complex x) { return x * x; }
double relu(double x) { return x > 0 || x != x ? x : 0; }
Int relu(Int x) { return x > 0 ? x : 0; }
template <class T>
T same(T x) {
  return x;
}
template <class T>
T never(T) {
  return 0;
}
double is_nan(double x) { return x != x; }
Complex is_nan(Complex x) { return x != x; }
template <class T>
T logical_not(T x) {
  return x == T(0);
}
Complex real(Complex x) { return x.real(); }
Complex imag(Complex x) { return x.imag(); }
Complex conj(Complex x) { return std::conj(x); }
Complex angle(Complex x) { return std::arg(x); }

double exponential(double x) { return std::exp(x); }
Complex exponential(Complex x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double log1p(double x) { return std::log1p(x); }
double expm1(double x) { return std::expm1(x); }
double sqrt(double x) { return std::sqrt(x); }
double rsqrt(double x) { return 1 / std::sqrt(x); }
double reciprocal(double x) { return 1 / x; }
Complex reciprocal(Complex x) { return 1.0 / x; }
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

double trunc(double x) { return std::trunc(x); }
double exp2(double x) { return std::exp2(x); }
double log2(double x) { return std::log2(x); }
double log10(double x) { return std::log10(x); }
double cbrt(double x) { return std::cbrt(x); }
double tan(double x) { return std::tan(x); }
double arcsin(double x) { return std::asin(x); }
double arccos(double x) { return std::acos(x); }
double arctan(double x) { return std::atan(x); }
double sinh(double x) { return std::sinh(x); }
double cosh(double x) { return std::cosh(x); }
double arcsinh(double x) { return std::asinh(x); }
double arccosh(double x) { return std::acosh(x); }
double arctanh(double x) { return std::atanh(x); }
double erfc(double x) { return std::erfc(x); }
/// Winitzki's approximation (2008), then Newton's method with Halley's correction on erfc, which
/// keeps its digits where erf is close to 1.
double erfinv(double x) {
  const double a = std::fabs(x);
  if (!(a < 1)) return a == 1 ? x / 0.0 : std::numeric_limits<double>::quiet_NaN();
  if (a < 1e-150) return x * 0.88622692545275801;
  const double tail = std::log1p(-a * a);
  const double middle = 4.3307467508 + 0.5 * tail;
  double y = std::sqrt(std::sqrt(middle * middle - tail / 0.147) - middle);
  for (int i = 0; i < 4; ++i) {
    const double error = a < 0.5 ? std::erf(y) - a : (1 - a) - std::erfc(y);
    const double step = error / (1.1283791670955126 * std::exp(-y * y));
    y -= step / (1 + y * step);
  }
  return std::copysign(y, x);
}
/// I₀ or I₁ of x ≥ 0: beyond 100 by its asymptotic series (Abramowitz and Stegun 9.7.1).
double bessel(double order, double x) {
  if (x < 100) return std::cyl_bessel_i(order, x);
  if (x > 715) return std::numeric_limits<double>::infinity();
  const double mu = 4 * order * order;
  double term = 1, sum = 1;
  for (int k = 1; k < 12; ++k) {
    term *= -(mu - (2 * k - 1) * (2 * k - 1)) / (8 * k * x);
    sum += term;
  }
  const double root = std::exp(x / 2);
  return root * (root / std::sqrt(6.2831853071795865 * x) * sum);
}
double i0(double x) { return x != x ? x : bessel(0, std::fabs(x)); }
double i1(double x) { return x != x ? x : std::copysign(bessel(1, std::fabs(x)), x); }

double add(double a, double b) { return a + b; }
Unsigned add(Unsigned a, Unsigned b) { return a + b; }
Complex add(Complex a, Complex b) { return a + b; }
Int add(Int a, Int b) { return wrap(bits(a) + bits(b)); }
double subtract(double a, double b) { return a - b; }
Unsigned subtract(Unsigned a, Unsigned b) { return a - b; }
Complex subtract(Complex a, Complex b) { return a - b; }
Int subtract(Int a, Int b) { return wrap(bits(a) - bits(b)); }
double multiply(double a, double b) { return a * b; }
Unsigned multiply(Unsigned a, Unsigned b) { return a * b; }
Complex multiply(Complex a, Complex b) { return a * b; }
Int multiply(Int a, Int b) { return wrap(bits(a) * bits(b)); }
double divide(double a, double b) { return a / b; }
Complex divide(Complex a, Complex b) { return a / b; }
double power(double a, double b) { return std::pow(a, b); }
Unsigned power(Unsigned a, Unsigned b) {
  Unsigned result = 1;
  for (; b > 0; b >>= 1, a *= a) {
    if (b & 1) result *= a;
  }
  return result;
}
Int power(Int a, Int b) {
  if (b < 0) {
    if (a == 1) return 1;
    if (a == -1) return b % 2 == 0 ? 1 : -1;
    return 0;
  }
  return wrap(power(bits(a), bits(b)));
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
  return a != T(0) && b != T(0);
}
template <class T>
T logical_or(T a, T b) {
  return a != T(0) || b != T(0);
}

double floor_divide(double a, double b) {
  // Not floor(a / b), whose quotient may have been rounded up to the next whole number.
  const double rest = std::fmod(a, b);
  const double quotient = (a - rest) / b;
  if (b == 0 || !(quotient - quotient == 0)) return std::floor(a / b);
  return std::nearbyint(rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient);
}
Int floor_divide(Int a, Int b) {
  if (b == 0) return 0;
  if (b == -1) return negative(a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
Unsigned floor_divide(Unsigned a, Unsigned b) { return b == 0 ? 0 : a / b; }
double fmod(double a, double b) { return std::fmod(a, b); }
Int fmod(Int a, Int b) { return b == 0 || b == -1 ? 0 : a % b; }
Unsigned fmod(Unsigned a, Unsigned b) { return b == 0 ? 0 : a % b; }
double mod(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}
Int mod(Int a, Int b) {
  const Int rest = fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
Unsigned mod(Unsigned a, Unsigned b) { return fmod(a, b); }
double arctan2(double a, double b) { return std::atan2(a, b); }
double hypot(double a, double b) { return std::hypot(a, b); }
template <class T>
T bitwise_and(T a, T b) {
  return a & b;
}
template <class T>
T bitwise_or(T a, T b) {
  return a | b;
}
template <class T>
T bitwise_xor(T a, T b) {
  return a ^ b;
}
Unsigned left_shift(Unsigned a, Unsigned b) { return b > 63 ? 0 : a << b; }
Int left_shift(Int a, Int b) { return b < 0 ? 0 : wrap(left_shift(bits(a), bits(b))); }
Unsigned right_shift(Unsigned a, Unsigned b) { return b > 63 ? 0 : a >> b; }
Int right_shift(Int a, Int b) { return a >> (b < 0 || b > 63 ? 63 : b); }
Unsigned gcd(Unsigned a, Unsigned b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}
Int gcd(Int a, Int b) { return wrap(gcd(bits(absolute(a)), bits(absolute(b)))); }

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
  for (int i = 0; i < n; ++i) out[i] = condition[i] != T(0) ? a[i] : b[i];
}

template <double (*F)(double)>
constexpr ElementwiseFunction floating(std::string_view op) {
  return {op, {map1<double, F>}};
}
template <double (*F)(double), Int (*I)(Int), Unsigned (*U)(Unsigned)>
constexpr ElementwiseFunction unary(std::string_view op) {
  return {op, {map1<double, F>, map1<Int, I>, map1<Unsigned, U>}};
}
template <double (*F)(double, double), Int (*I)(Int, Int), Unsigned (*U)(Unsigned, Unsigned)>
constexpr ElementwiseFunction binary(std::string_view op) {
  return {op, {map2<double, F>, map2<Int, I>, map2<Unsigned, U>}};
}
/// The same op for complex numbers too.
template <Complex (*C)(Complex)>
constexpr ElementwiseFunction with_complex(ElementwiseFunction function) {
  function.on.complex = map1<Complex, C>;
  return function;
}
template <Complex (*C)(Complex, Complex)>
constexpr ElementwiseFunction with_complex(ElementwiseFunction function) {
  function.on.complex = map2<Complex, C>;
  return function;
}

template <Int (*I)(Int, Int), Unsigned (*U)(Unsigned, Unsigned)>
constexpr ElementwiseFunction whole(std::string_view op) {
  return {op, {nullptr, map2<Int, I>, map2<Unsigned, U>}};
}

constexpr ElementwiseFunction kFunctions[] = {
    with_complex<negative>(unary<negative, negative, negative>("negative")),
    with_complex<absolute>(unary<absolute, absolute, same>("abs")),
    unary<sign, sign, sign>("sign"),
    with_complex<exponential>(floating<exponential>("exp")),
    floating<logarithm>("log"),
    floating<log1p>("log1p"),
    floating<expm1>("expm1"),
    floating<sqrt>("sqrt"),
    floating<rsqrt>("rsqrt"),
    with_complex<square>(unary<square, square, square>("square")),
    with_complex<reciprocal>(floating<reciprocal>("reciprocal")),
    floating<tanh>("tanh"),
    floating<sigmoid>("sigmoid"),
    unary<relu, relu, same>("relu"),
    floating<softplus>("softplus"),
    floating<erf>("erf"),
    floating<sin>("sin"),
    floating<cos>("cos"),
    unary<floor, same, same>("floor"),
    unary<ceil, same, same>("ceil"),
    unary<round, same, same>("round"),
    with_complex<is_nan>(unary<is_nan, never, never>("isnan")),
    with_complex<logical_not>(unary<logical_not, logical_not, logical_not>("logical_not")),
    with_complex<real>({"real", {}}),
    with_complex<imag>({"imag", {}}),
    with_complex<conj>({"conj", {}}),
    with_complex<angle>({"angle", {}}),
    with_complex<add>(binary<add, add, add>("add")),
    with_complex<subtract>(binary<subtract, subtract, subtract>("subtract")),
    with_complex<multiply>(binary<multiply, multiply, multiply>("multiply")),
    with_complex<divide>({"divide", {map2<double, divide>}}),
    binary<power, power, power>("power"),
    binary<maximum, maximum, maximum>("maximum"),
    binary<minimum, minimum, minimum>("minimum"),
    with_complex<equal>(binary<equal, equal, equal>("equal")),
    with_complex<not_equal>(binary<not_equal, not_equal, not_equal>("not_equal")),
    binary<less, less, less>("less"),
    binary<less_equal, less_equal, less_equal>("less_equal"),
    binary<greater, greater, greater>("greater"),
    binary<greater_equal, greater_equal, greater_equal>("greater_equal"),
    with_complex<logical_and>(binary<logical_and, logical_and, logical_and>("logical_and")),
    with_complex<logical_or>(binary<logical_or, logical_or, logical_or>("logical_or")),
    unary<trunc, same, same>("trunc"),
    floating<exp2>("exp2"),
    floating<log2>("log2"),
    floating<log10>("log10"),
    floating<cbrt>("cbrt"),
    floating<tan>("tan"),
    floating<arcsin>("arcsin"),
    floating<arccos>("arccos"),
    floating<arctan>("arctan"),
    floating<sinh>("sinh"),
    floating<cosh>("cosh"),
    floating<arcsinh>("arcsinh"),
    floating<arccosh>("arccosh"),
    floating<arctanh>("arctanh"),
    floating<erfc>("erfc"),
    floating<erfinv>("erfinv"),
    floating<i0>("i0"),
    floating<i1>("i1"),
    binary<floor_divide, floor_divide, floor_divide>("floor_divide"),
    binary<mod, mod, mod>("mod"),
    binary<fmod, fmod, fmod>("fmod"),
    {"arctan2", {map2<double, arctan2>}},
    {"hypot", {map2<double, hypot>}},
    whole<bitwise_and, bitwise_and>("bitwise_and"),
    whole<bitwise_or, bitwise_or>("bitwise_or"),
    whole<bitwise_xor, bitwise_xor>("bitwise_xor"),
    whole<left_shift, left_shift>("left_shift"),
    whole<right_shift, right_shift>("right_shift"),
    whole<gcd, gcd>("gcd"),
    {"where", {choose<double>, choose<Int>, choose<Unsigned>, choose<Complex>}},
};

}  // namespace

const ElementwiseFunction* find_elementwise_function(std::string_view op) {
  for (const ElementwiseFunction& function : kFunctions) {
    if (function.op == op) return &function;
  }
  return nullptr;
}

}  // namespace danlu::cpu
