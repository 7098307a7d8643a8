#pragma once

#include "danlu/core/array.h"

/// Elementwise functions. Binary ones broadcast like NumPy and promote dtypes (`promote`); a bare
/// C++ number takes the dtype of the other operand. Integer inputs of floating functions become
/// float32. Accuracy of float32: 4 ULP unless a record says otherwise.
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
/// To the nearest integer, halves to even.
Array round(const Array& x);
Array isnan(const Array& x);
Array logical_not(const Array& x);

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

/// `condition ? a : b`, elementwise with broadcasting; `condition` is bool.
Array where(const Array& condition, const Array& a, const Array& b);
/// Elements converted to `dtype`; a bare C++ number is converted at once, without an op.
Array cast(const Array& x, DType dtype);
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
