#include <limits>
#include <numbers>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
Array fabs(const Array& x) { return abs(elementwise::as_float(x)); }
Array deg2rad(const Array& x) { return elementwise::as_float(x) * (std::numbers::pi / 180); }
Array rad2deg(const Array& x) { return elementwise::as_float(x) * (180 / std::numbers::pi); }

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

/// One step of the representation, which IEEE formats order like the numbers themselves. All in
/// whole numbers, so that nothing rounds the smallest ones to 0.
Array nextafter(const Array& x1, const Array& x2) {
  const auto [a, b] = elementwise::promoted_float(x1, x2);
  const size_t size = size_of(a.dtype());
  const DType bits = size == 8 ? DType::int64 : size == 4 ? DType::int32 : DType::int16;
  const Array below_zero = dispatch_integer(bits, [&](auto tag) {
    return Array::scalar(std::numeric_limits<decltype(tag)>::min() + 1, bits);
  });
  const Array from = view(a, bits);
  const Array away = (a < b) == (a > 0);
  const Array stepped = where(away, from + 1, from - 1);
  const Array next = where(a == 0, where(b > 0, 1, below_zero), stepped);
  const Array result = where(a == b, view(b, bits), next);
  return view(where(isnan(a) || isnan(b), view(a + b, bits), result), a.dtype());
}

}  // namespace danlu
