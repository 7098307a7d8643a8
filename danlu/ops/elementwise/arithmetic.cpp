#include <numbers>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
Array fabs(const Array& x) { return abs(elementwise::as_float(x)); }
Array deg2rad(const Array& x) { return elementwise::as_float(x) * (std::numbers::pi / 180); }
Array rad2deg(const Array& x) { return elementwise::as_float(x) * (180 / std::numbers::pi); }

Array real(const Array& x) { return x; }
Array conj(const Array& x) { return x; }
Array imag(const Array& x) { return zeros_like(x); }

Array angle(const Array& x) {
  const Array y = elementwise::as_float(x);
  const Array half_turn = Array::scalar(std::numbers::pi, y.dtype());
  return where(isnan(y), y, where(signbit(y), half_turn, 0));
}

Array logical_xor(const Array& x1, const Array& x2) { return logical_not(x1) != logical_not(x2); }

Array fmax(const Array& x1, const Array& x2) {
  const auto [a, b] = elementwise::promoted(x1, x2);
  return where(isnan(a), b, where(isnan(b), a, maximum(a, b)));
}

Array fmin(const Array& x1, const Array& x2) {
  const auto [a, b] = elementwise::promoted(x1, x2);
  return where(isnan(a), b, where(isnan(b), a, minimum(a, b)));
}

Array divide_no_nan(const Array& x1, const Array& x2) {
  const auto [a, b] = elementwise::promoted_float(x1, x2);
  const Array nothing = b == 0;
  return where(nothing, 0, a / where(nothing, 1, b));
}

Array heaviside(const Array& x1, const Array& x2) {
  const auto [a, b] = elementwise::promoted_float(x1, x2);
  return where(isnan(a), a, where(a == 0, b, cast(a > 0, a.dtype())));
}

Array ldexp(const Array& x1, const Array& x2) {
  const Array x = elementwise::as_float(x1);
  return x * exp2(cast(x2, x.dtype()));
}

Array nan_to_num(const Array& x, const NanToNumOptions& options) {
  if (!is_floating(x.dtype())) return x;
  const auto [least, greatest] = elementwise::range_of(x.dtype());
  const Array above = where(isposinf(x), options.posinf.value_or(greatest), x);
  const Array inside = where(isneginf(x), options.neginf.value_or(least), above);
  return where(isnan(x), options.nan, inside);
}

/// One step of the representation, which IEEE formats order like the numbers themselves.
Array nextafter(const Array& x1, const Array& x2) {
  const auto [a, b] = elementwise::promoted_float(x1, x2);
  const DType dtype = a.dtype();
  const bool half = size_of(dtype) == 2;
  const DType wide = half ? DType::float32 : dtype;
  const DType bits = wide == DType::float64 ? DType::int64 : DType::int32;
  const Array from = view(cast(a, wide), bits);
  // bfloat16 is the upper half of float32.
  const int64_t unit = half ? 1 << 16 : 1;
  const Array away = (a < b) == (a > 0);
  const Array stepped = view(where(away, from + unit, from - unit), wide);
  const Array smallest = view(Array::scalar(static_cast<double>(unit), bits), wide);
  const Array next = where(a == 0, where(b > 0, smallest, -smallest), stepped);
  const Array result = cast(next, dtype);
  return where(isnan(a) || isnan(b), a + b, where(a == b, b, result));
}

}  // namespace danlu
