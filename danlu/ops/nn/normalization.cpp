#include <algorithm>
#include <cmath>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/nn/layer_norm_attrs.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

/// bfloat16 is too coarse to sum in.
Array in_full_precision(const Array& x) {
  return cast(x, promote(elementwise::as_float(x).dtype(), DType::float32));
}

/// `parameter` (of the lengths of `axes`) in a shape that broadcasts along `axes` of x.
Array along_axes(const Array& parameter, const Array& x, std::vector<int64_t> axes,
                 const std::string& where) {
  if (parameter.rank() == x.rank()) return parameter;
  std::vector<int64_t> lengths, shape(static_cast<size_t>(x.rank()), 1);
  for (int64_t& axis : axes) axis = normalize_axis(axis, x.rank(), where);
  std::sort(axes.begin(), axes.end());
  for (int64_t axis : axes) {
    lengths.push_back(x.shape()[static_cast<int>(axis)]);
    shape[static_cast<size_t>(axis)] = lengths.back();
  }
  if (parameter.shape() != Shape(lengths) && parameter.size() != Shape(lengths).num_elements()) {
    throw ShapeError({.where = where,
                      .what = "A parameter does not fit the axes that are normalized",
                      .expected = "shape " + Shape(lengths).to_string() +
                                  " for an input of shape " + x.shape().to_string(),
                      .received = parameter.shape().to_string()});
  }
  return reshape(parameter, Shape(shape));
}

Array scaled_and_shifted(const Array& x, const Array& mean, const Array& factor,
                         const std::optional<Array>& scale, const std::optional<Array>& offset) {
  const Array slope = scale ? factor * cast(*scale, x.dtype()) : factor;
  const Array centered = (x - mean) * slope;
  return offset ? centered + cast(*offset, x.dtype()) : centered;
}

std::optional<Array> along_axes(const std::optional<Array>& parameter, const Array& x,
                                const std::vector<int64_t>& axes, const std::string& where) {
  if (!parameter) return {};
  return along_axes(*parameter, x, axes, where);
}

}  // namespace

std::pair<Array, Array> moments(const Array& x, const Axes& axes, bool keepdims) {
  const Array wide = in_full_precision(x);
  const DType dtype = elementwise::as_float(x).dtype();
  const AttrsPtr attrs = reduction::reduction_attrs(wide, axes, keepdims, "moments");
  const std::vector<Array> both = make_op_outputs(moments_op(), std::vector{wide}, attrs);
  return {cast(both[0], dtype), cast(both[1], dtype)};
}

Array batch_normalization(const Array& x, const Array& mean, const Array& variance, int64_t axis,
                          const BatchNormalizationOptions& options) {
  const std::string where = "batch_normalization";
  const Array y = elementwise::as_float(x);
  const Axes axes = {axis};
  const Array factor = rsqrt(along_axes(variance, y, axes, where) + options.epsilon);
  return scaled_and_shifted(y, along_axes(mean, y, axes, where), factor,
                            along_axes(options.scale, y, axes, where),
                            along_axes(options.offset, y, axes, where));
}

namespace {

/// The last axes of x, all of them in `axes`, as one; nothing where they are not the last.
std::optional<Shape> joined_last(const Array& x, std::vector<int64_t> axes,
                                 const std::string& where) {
  for (int64_t& axis : axes) axis = normalize_axis(axis, x.rank(), where);
  std::sort(axes.begin(), axes.end());
  const int64_t first = x.rank() - std::ssize(axes);
  int64_t joined = 1;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != first + static_cast<int64_t>(i)) return {};
    joined *= x.shape()[static_cast<int>(axes[i])];
  }
  if (axes.empty() || joined == 0) return {};
  std::vector<int64_t> dims(x.shape().begin(), x.shape().begin() + first);
  dims.push_back(joined);
  return Shape(dims);
}

}  // namespace

Array layer_normalization(const Array& x, const LayerNormalizationOptions& options) {
  const std::string where = "layer_normalization";
  const Array y = in_full_precision(x);
  const std::optional<Shape> rows = joined_last(y, options.axis, where);
  const auto fits = [&](const std::optional<Array>& parameter) {
    return !parameter || (rows && parameter->size() == (*rows)[-1]);
  };
  if (rows && fits(options.gamma) && fits(options.beta)) {
    const Shape row{(*rows)[-1]};
    const auto parameter = [&](const std::optional<Array>& given, double otherwise) {
      if (!given) return broadcast_to(Array::scalar(otherwise, y.dtype()), row);
      return reshape(cast(*along_axes(given, y, options.axis, where), y.dtype()), row);
    };
    const std::vector<Array> inputs = {reshape(y, *rows), parameter(options.gamma, 1),
                                       parameter(options.beta, 0)};
    const Array normalized =
        make_op_outputs(layer_norm_op(), inputs, make_attrs(LayerNormAttrs{options.epsilon}))[0];
    return cast(reshape(normalized, y.shape()), elementwise::as_float(x).dtype());
  }
  const Array center = mean(y, options.axis, true);
  const Array factor = rsqrt(var(y, options.axis, true) + options.epsilon);
  const Array result =
      scaled_and_shifted(y, center, factor, along_axes(options.gamma, y, options.axis, where),
                         along_axes(options.beta, y, options.axis, where));
  return cast(result, elementwise::as_float(x).dtype());
}

Array rms_normalization(const Array& x, const RmsNormalizationOptions& options) {
  const Array y = in_full_precision(x.rank() == 0 ? reshape(x, Shape{1}) : x);
  const Array result = y * rsqrt(mean(square(y), options.axis, true) + options.epsilon);
  const Array scaled = options.scale ? result * cast(*options.scale, y.dtype()) : result;
  return cast(scaled, elementwise::as_float(x).dtype());
}

Array normalize(const Array& x, const Axes& axis, int64_t order, double epsilon) {
  if (order < 1) {
    throw ValueError({.where = "normalize",
                      .what = "The order of the norm is not usable",
                      .expected = "an order of 1 or more",
                      .received = std::to_string(order)});
  }
  const Array y = elementwise::as_float(x.rank() == 0 ? reshape(x, Shape{1}) : x);
  if (order == 2) return y * minimum(rsqrt(sum(square(y), axis, true)), 1 / epsilon);
  const Array powers = order == 1 ? abs(y) : power(abs(y), order);
  const Array total = sum(powers, axis, true);
  const auto root = 1.0 / static_cast<double>(order);
  return y / maximum(order == 1 ? total : power(total, root), epsilon);
}

Array psnr(const Array& x1, const Array& x2, double max_val) {
  const Array error = mean(square(elementwise::as_float(x1) - elementwise::as_float(x2)));
  return 20 * std::log10(max_val) - 10 * log10(error);
}

}  // namespace danlu
