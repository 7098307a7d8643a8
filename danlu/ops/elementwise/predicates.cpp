#include <limits>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Array constant(const Array& x, bool value) { return full(x.shape(), value, DType::bool_); }

}  // namespace

Array isfinite(const Array& x) {
  return is_inexact(x.dtype()) ? abs(x) < kInfinity : constant(x, true);
}

Array isinf(const Array& x) {
  return is_inexact(x.dtype()) ? abs(x) == kInfinity : constant(x, false);
}

Array isposinf(const Array& x) {
  return is_floating(x.dtype()) ? x == kInfinity : constant(x, false);
}

Array isneginf(const Array& x) {
  return is_floating(x.dtype()) ? x == -kInfinity : constant(x, false);
}

Array isreal(const Array& x) { return is_complex(x.dtype()) ? imag(x) == 0 : constant(x, true); }

Array signbit(const Array& x) {
  if (x.dtype() == DType::float64) return view(x, DType::int64) < 0;
  // Conversion to the wider dtype keeps the sign of 0 and of NaN.
  if (is_floating(x.dtype())) return view(cast(x, DType::float32), DType::int32) < 0;
  return x.dtype() == DType::bool_ ? constant(x, false) : x < 0;
}

Array isclose(const Array& x1, const Array& x2, const IsCloseOptions& options) {
  const auto [a, b] = elementwise::promoted_float(x1, x2);
  const Array near = abs(a - b) <= options.atol + options.rtol * abs(b);
  const Array close = (near && isfinite(b)) || a == b;
  return options.equal_nan ? close || (isnan(a) && isnan(b)) : close;
}

Array allclose(const Array& x1, const Array& x2, const IsCloseOptions& options) {
  return all(isclose(x1, x2, options));
}

}  // namespace danlu
