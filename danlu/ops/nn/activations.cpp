#include <cmath>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"

namespace danlu {

using elementwise::as_float;

Array relu6(const Array& x) { return clip(x, 0, 6); }

Array leaky_relu(const Array& x, double negative_slope) {
  const Array y = as_float(x);
  return where(y >= 0, y, negative_slope * y);
}

Array elu(const Array& x, double alpha) {
  const Array y = as_float(x);
  // The branch that is not chosen must not overflow: 0 · ∞ would spoil its gradient.
  return where(y > 0, y, alpha * expm1(where(y > 0, 0, y)));
}

Array celu(const Array& x, double alpha) {
  const Array y = as_float(x);
  return where(y > 0, y, alpha * expm1(where(y > 0, 0, y) / alpha));
}

Array selu(const Array& x) {
  constexpr double kAlpha = 1.6732632423543772848170429916717;
  constexpr double kScale = 1.0507009873554804934193349852946;
  return kScale * elu(x, kAlpha);
}

Array gelu(const Array& x, bool approximate) {
  const Array y = as_float(x);
  if (!approximate) return 0.5 * y * erfc(y * -std::numbers::sqrt2 / 2);
  const double scale = std::sqrt(2 * std::numbers::inv_pi);
  return 0.5 * y * (1 + tanh(scale * (y + 0.044715 * (y * square(y)))));
}

Array silu(const Array& x) {
  const Array y = as_float(x);
  return y * sigmoid(y);
}

Array glu(const Array& x, int64_t axis) {
  const int at = normalize_axis(axis, x.rank(), "glu");
  if (x.shape()[at] % 2 != 0) {
    throw ShapeError({.where = "glu",
                      .what = "The axis cannot be halved",
                      .expected = "an even length along axis " + std::to_string(axis),
                      .received = x.shape().to_string()});
  }
  const std::vector<Array> halves = split(x, 2, at);
  return halves[0] * sigmoid(halves[1]);
}

Array hard_sigmoid(const Array& x) { return relu6(as_float(x) + 3) / 6; }

Array hard_silu(const Array& x) {
  const Array y = as_float(x);
  return y * hard_sigmoid(y);
}

Array hard_tanh(const Array& x) {
  const Array y = as_float(x);
  return where(y > 1, 1, where(y < -1, -1, y));
}

Array hard_shrink(const Array& x, double threshold) {
  const Array y = as_float(x);
  return where(abs(y) > threshold, y, 0);
}

Array soft_shrink(const Array& x, double threshold) {
  const Array y = as_float(x);
  return where(y > threshold, y - threshold, where(y < -threshold, y + threshold, 0));
}

Array tanh_shrink(const Array& x) {
  const Array y = as_float(x);
  return y - tanh(y);
}

Array threshold(const Array& x, double threshold, double default_value) {
  const Array y = as_float(x);
  return where(y > threshold, y, default_value);
}

Array softsign(const Array& x) {
  const Array y = as_float(x);
  return y / (1 + abs(y));
}

Array log_sigmoid(const Array& x) { return -softplus(-as_float(x)); }

Array squareplus(const Array& x, double b) {
  const Array y = as_float(x);
  return 0.5 * (y + sqrt(square(y) + b));
}

Array sparse_plus(const Array& x) {
  const Array y = as_float(x);
  return where(y <= -1, 0, where(y >= 1, y, 0.25 * square(y + 1)));
}

Array sparse_sigmoid(const Array& x) { return 0.5 * clip(as_float(x) + 1, 0, 2); }

}  // namespace danlu
