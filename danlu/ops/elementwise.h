#pragma once

#include <optional>
#include <vector>

#include "danlu/core/array.h"

/// Elementwise functions. Binary ones broadcast like NumPy and promote dtypes (`promote`,
/// docs/dtypes.md); a bare C++ number takes the dtype of the other operand (`promote_number`).
/// Integer inputs of floating functions become float32. Accuracy of float32: 4 ULP unless a record
/// says otherwise.
namespace danlu {

Array negative(const Array& x);
Array abs(const Array& x);
Array sign(const Array& x);
Array exp(const Array& x);
Array log(const Array& x);
Array log1p(const Array& x);
Array expm1(const Array& x);
Array sqrt(const Array& x);
Array rsqrt(const Array& x);
Array square(const Array& x);
Array reciprocal(const Array& x);
Array tanh(const Array& x);
Array sigmoid(const Array& x);
Array relu(const Array& x);
Array softplus(const Array& x);
Array erf(const Array& x);
Array sin(const Array& x);
Array cos(const Array& x);
Array floor(const Array& x);
Array ceil(const Array& x);
/// To `decimals` digits after the point (before it where negative), halves to even.
Array round(const Array& x, int64_t decimals = 0);
/// Towards 0.
Array trunc(const Array& x);
/// 2 to the power of x.
Array exp2(const Array& x);
Array log2(const Array& x);
Array log10(const Array& x);
Array cbrt(const Array& x);
Array tan(const Array& x);
Array arcsin(const Array& x);
Array arccos(const Array& x);
Array arctan(const Array& x);
Array sinh(const Array& x);
Array cosh(const Array& x);
Array arcsinh(const Array& x);
Array arccosh(const Array& x);
Array arctanh(const Array& x);
/// sin(πx) / (πx), 1 at 0.
Array sinc(const Array& x);
/// 1 − erf(x).
Array erfc(const Array& x);
Array erfinv(const Array& x);
/// Modified Bessel functions of the first kind, of order 0 and 1.
Array i0(const Array& x);
Array i1(const Array& x);
/// |x|, always floating.
Array fabs(const Array& x);
Array deg2rad(const Array& x);
Array rad2deg(const Array& x);
/// The real part of complex numbers, as float32; anything else as it is.
Array real(const Array& x);
/// The imaginary part of complex numbers, as float32; zeros for anything else.
Array imag(const Array& x);
/// The conjugate of complex numbers; anything else as it is.
Array conj(const Array& x);
/// The angle in (−π, π] of complex numbers, as float32; of real ones 0, or π where the sign is
/// negative.
Array angle(const Array& x);
/// Pairs of real numbers in the last axis as complex numbers, and back. Shapes: (…, 2) ↔ (…).
/// Errors: ShapeError unless the last axis holds two.
Array view_as_complex(const Array& x);
/// Of real numbers the imaginary parts are 0.
Array view_as_real(const Array& x);
/// The complex number of this length and angle, which broadcast: abs · (cos(angle) + i sin(angle)).
Array polar(const Array& abs, const Array& angle);
/// The same value in memory of its own.
Array copy(const Array& x);

Array isnan(const Array& x);
Array isfinite(const Array& x);
Array isinf(const Array& x);
Array isposinf(const Array& x);
Array isneginf(const Array& x);
Array isreal(const Array& x);
/// Whether the sign is negative, that of −0 and of NaN included.
Array signbit(const Array& x);
Array logical_not(const Array& x);

struct NanToNumOptions {
  double nan = 0;
  std::optional<double> posinf = {};  ///< nothing: the greatest number of the dtype
  std::optional<double> neginf = {};  ///< nothing: the least
};
/// NaN and infinities replaced by numbers.
Array nan_to_num(const Array& x, const NanToNumOptions& options = {});

Array add(const Array& a, const Array& b);
Array subtract(const Array& a, const Array& b);
Array multiply(const Array& a, const Array& b);
/// True division: integers become float32.
Array divide(const Array& a, const Array& b);
Array power(const Array& a, const Array& b);
Array maximum(const Array& a, const Array& b);
Array minimum(const Array& a, const Array& b);
Array equal(const Array& a, const Array& b);
Array not_equal(const Array& a, const Array& b);
Array less(const Array& a, const Array& b);
Array less_equal(const Array& a, const Array& b);
Array greater(const Array& a, const Array& b);
Array greater_equal(const Array& a, const Array& b);
Array logical_and(const Array& a, const Array& b);
Array logical_or(const Array& a, const Array& b);
Array logical_xor(const Array& a, const Array& b);

/// ⌊a / b⌋.
Array floor_divide(const Array& a, const Array& b);
/// The remainder of `floor_divide`, with the sign of b.
Array mod(const Array& a, const Array& b);
/// The remainder of the division rounded towards 0, with the sign of a.
Array fmod(const Array& a, const Array& b);
/// a / b, 0 where b is 0.
Array divide_no_nan(const Array& a, const Array& b);
/// The angle of the point (b, a), in [−π, π].
Array arctan2(const Array& a, const Array& b);
/// √(a² + b²).
Array hypot(const Array& a, const Array& b);
/// log(exp(a) + exp(b)), without overflow.
Array logaddexp(const Array& a, const Array& b);
/// log₂(2^a + 2^b), without overflow.
Array logaddexp2(const Array& a, const Array& b);
/// a · 2^b.
Array ldexp(const Array& a, const Array& b);
/// 0 where a < 0, b where a = 0, 1 where a > 0.
Array heaviside(const Array& a, const Array& b);
/// Like maximum and minimum, but a number wins over NaN.
Array fmax(const Array& a, const Array& b);
Array fmin(const Array& a, const Array& b);
/// The next number after a in the direction of b.
Array nextafter(const Array& a, const Array& b);

struct IsCloseOptions {
  double rtol = 1e-5;
  double atol = 1e-8;
  bool equal_nan = false;
};
/// |a − b| ≤ atol + rtol · |b|, or equal.
Array isclose(const Array& a, const Array& b, const IsCloseOptions& options = {});
/// Whether all elements are close: a bool scalar.
Array allclose(const Array& a, const Array& b, const IsCloseOptions& options = {});

/// Bits of integers and bools. Errors: DTypeError for floating operands.
Array bitwise_and(const Array& a, const Array& b);
Array bitwise_or(const Array& a, const Array& b);
Array bitwise_xor(const Array& a, const Array& b);
Array bitwise_not(const Array& x);
Array left_shift(const Array& a, const Array& b);
/// Keeps the sign.
Array right_shift(const Array& a, const Array& b);
/// Greatest common divisor and least common multiple of |a| and |b|.
Array gcd(const Array& a, const Array& b);
Array lcm(const Array& a, const Array& b);

/// `condition ? a : b`, elementwise with broadcasting; numbers count as true unless 0.
Array where(const Array& condition, const Array& a, const Array& b);
/// For each place the choice of the first condition that is true there, else `otherwise`.
Array select(const std::vector<Array>& conditions, const std::vector<Array>& choices,
             const Array& otherwise = 0);
/// Elements converted to `dtype`; a bare C++ number is converted at once, without an op.
Array cast(const Array& x, DType dtype);
/// Elements converted to `dtype`, limited to what it holds.
Array saturate_cast(const Array& x, DType dtype);
/// The same bytes read as `dtype`; where sizes differ the last axis takes it up. Gradients pass
/// between float32 and complex64 alone.
/// Errors: ShapeError when the last axis does not hold a whole number of elements.
Array view(const Array& x, DType dtype);
/// `x` limited to [low, high]: minimum(maximum(x, low), high). The gradient is 1 inside, 0 outside
/// and ½ at the ends.
Array clip(const Array& x, const Array& low, const Array& high);
/// The same value; no gradient passes.
Array stop_gradient(const Array& x);

inline Array operator-(const Array& x) { return negative(x); }
inline Array operator!(const Array& x) { return logical_not(x); }
inline Array operator+(const Array& a, const Array& b) { return add(a, b); }
inline Array operator-(const Array& a, const Array& b) { return subtract(a, b); }
inline Array operator*(const Array& a, const Array& b) { return multiply(a, b); }
inline Array operator/(const Array& a, const Array& b) { return divide(a, b); }
inline Array operator==(const Array& a, const Array& b) { return equal(a, b); }
inline Array operator!=(const Array& a, const Array& b) { return not_equal(a, b); }
inline Array operator<(const Array& a, const Array& b) { return less(a, b); }
inline Array operator<=(const Array& a, const Array& b) { return less_equal(a, b); }
inline Array operator>(const Array& a, const Array& b) { return greater(a, b); }
inline Array operator>=(const Array& a, const Array& b) { return greater_equal(a, b); }
inline Array operator&&(const Array& a, const Array& b) { return logical_and(a, b); }
inline Array operator||(const Array& a, const Array& b) { return logical_or(a, b); }

}  // namespace danlu
