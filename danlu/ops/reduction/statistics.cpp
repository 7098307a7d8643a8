#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

Array var(const Array& x, const Axes& axis, bool keepdims) {
  const Array y = elementwise::as_float(x);
  if (is_complex(y.dtype())) return mean(square(y - mean(y, axis, true)), axis, keepdims);
  const AttrsPtr attrs = reduction::reduction_attrs(y, axis, keepdims, "var");
  return make_op_outputs(moments_op(), std::vector{y}, attrs)[1];
}

Array std(const Array& x, const Axes& axis, bool keepdims) { return sqrt(var(x, axis, keepdims)); }

Array ptp(const Array& x, const Axes& axis, bool keepdims) {
  return max(x, axis, keepdims) - min(x, axis, keepdims);
}

Array average(const Array& x, const Axes& axis, const std::optional<Array>& weights) {
  if (!weights) return mean(x, axis);
  auto [y, w] = elementwise::promoted_float(x, *weights);
  if (w.shape() != y.shape()) {
    const bool fits = axis.size() == 1 && w.rank() == 1 &&
                      w.shape()[0] == y.shape()[normalize_axis(axis[0], y.rank(), "average")];
    if (!fits) {
      throw ShapeError({.where = "average",
                        .what = "The weights do not fit the input",
                        .expected = "the input's shape " + y.shape().to_string() +
                                    ", or a vector of weights for one given axis",
                        .received = w.shape().to_string()});
    }
    std::vector<int64_t> shape(static_cast<size_t>(y.rank()), 1);
    shape[static_cast<size_t>(normalize_axis(axis[0], y.rank(), "average"))] = w.size();
    w = broadcast_to(reshape(w, Shape(shape)), y.shape());
  }
  return sum(y * w, axis) / sum(w, axis);
}

Array max(const Array& x, const Axes& axis, bool keepdims, const Array& initial) {
  const Shape shape = reduction::reduced_shape(
      x.shape(), attrs_as<ReductionAttrs>(reduction::reduction_attrs(x, axis, keepdims, "max")));
  const Array start = cast(initial, x.dtype());
  if (x.size() == 0) return broadcast_to(start, shape);
  return maximum(max(x, axis, keepdims), start);
}

Array min(const Array& x, const Axes& axis, bool keepdims, const Array& initial) {
  const Shape shape = reduction::reduced_shape(
      x.shape(), attrs_as<ReductionAttrs>(reduction::reduction_attrs(x, axis, keepdims, "min")));
  const Array start = cast(initial, x.dtype());
  if (x.size() == 0) return broadcast_to(start, shape);
  return minimum(min(x, axis, keepdims), start);
}

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Array without_nan(const Array& x, double replacement) {
  return is_floating(x.dtype()) ? where(isnan(x), replacement, x) : x;
}

/// How many numbers there are, in the dtype of `like`.
Array numbers(const Array& x, const Axes& axis, bool keepdims, DType dtype) {
  return sum(cast(logical_not(isnan(x)), dtype), axis, keepdims);
}

/// `result` where a row holds a number, NaN where it does not.
Array unless_all_nan(const Array& x, const Axes& axis, bool keepdims, const Array& result) {
  if (!is_floating(x.dtype())) return result;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return where(all(isnan(x), axis, keepdims), nan, result);
}

/// The index of `argmax` or `argmin`, −1 where there is no number.
Array index_of_number(const Array& x, const Array& index, std::optional<int64_t> axis,
                      bool keepdims) {
  const Axes axes = axis ? Axes{*axis} : Axes{};
  return where(all(isnan(x), axes, keepdims), -1, index);
}

}  // namespace

Array nansum(const Array& x, const Axes& axis, bool keepdims) {
  return sum(without_nan(x, 0), axis, keepdims);
}

Array nanprod(const Array& x, const Axes& axis, bool keepdims) {
  return prod(without_nan(x, 1), axis, keepdims);
}

Array nanmax(const Array& x, const Axes& axis, bool keepdims) {
  return unless_all_nan(x, axis, keepdims, max(without_nan(x, -kInfinity), axis, keepdims));
}

Array nanmin(const Array& x, const Axes& axis, bool keepdims) {
  return unless_all_nan(x, axis, keepdims, min(without_nan(x, kInfinity), axis, keepdims));
}

Array nanmean(const Array& x, const Axes& axis, bool keepdims) {
  const Array y = elementwise::as_float(x);
  return nansum(y, axis, keepdims) / numbers(y, axis, keepdims, y.dtype());
}

Array nanvar(const Array& x, const Axes& axis, bool keepdims) {
  const Array y = elementwise::as_float(x);
  const Array centered = y - nanmean(y, axis, true);
  const Array squares = where(isnan(y), 0, square(where(isnan(y), 0, centered)));
  return sum(squares, axis, keepdims) / numbers(y, axis, keepdims, y.dtype());
}

Array nanstd(const Array& x, const Axes& axis, bool keepdims) {
  return sqrt(nanvar(x, axis, keepdims));
}

Array nanargmax(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  const Array index = argmax(without_nan(x, -kInfinity), axis, keepdims);
  return index_of_number(x, index, axis, keepdims);
}

Array nanargmin(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  const Array index = argmin(without_nan(x, kInfinity), axis, keepdims);
  return index_of_number(x, index, axis, keepdims);
}

Array nancumsum(const Array& x, std::optional<int64_t> axis) {
  return cumsum(without_nan(x, 0), axis);
}

Array nancumprod(const Array& x, std::optional<int64_t> axis) {
  return cumprod(without_nan(x, 1), axis);
}

}  // namespace danlu
