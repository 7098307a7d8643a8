#include <cmath>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"

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

Array sparsemax(const Array& x, int64_t axis) {
  const Array logits = elementwise::as_float(x);
  if (logits.rank() == 0 || logits.shape()[normalize_axis(axis, x.rank(), "sparsemax")] == 0) {
    throw ShapeError({.where = "sparsemax",
                      .what = "There are no classes to choose from",
                      .expected = "an axis of length 1 or more",
                      .received = x.shape().to_string()});
  }
  const int64_t at = normalize_axis(axis, x.rank(), "sparsemax");
  std::vector<int64_t> along(static_cast<size_t>(x.rank()), 1);
  along[static_cast<size_t>(at)] = -1;
  const Array count =
      reshape(arange(1, x.shape()[static_cast<int>(at)] + 1, 1, logits.dtype()), Shape(along));
  // The greatest k with 1 + k · x_k > x_1 + … + x_k, the x descending.
  const Array descending = -sort(-logits, at);
  const Array total = cumsum(descending, at);
  const Array support = descending - (total - 1) / count > 0;
  const Array k = sum(cast(support, logits.dtype()), {at}, true);
  const Array threshold = (sum(where(support, descending, 0), {at}, true) - 1) / k;
  return maximum(logits - threshold, 0);
}

Array sparse_sigmoid(const Array& x) { return 0.5 * clip(as_float(x) + 1, 0, 2); }

}  // namespace danlu
