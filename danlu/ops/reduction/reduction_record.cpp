#include "danlu/ops/reduction/reduction_record.h"

#include <algorithm>
#include <string>

#include "danlu/base/error.h"

namespace danlu::reduction {
namespace {

std::string axes_text(const std::vector<int64_t>& axes) {
  std::string text;
  for (int64_t axis : axes) text += (text.empty() ? "" : ", ") + std::to_string(axis);
  return "axes (" + text + ")";
}

}  // namespace

AttrsPtr reduction_attrs(const Array& x, const std::vector<int64_t>& axis, bool keepdims,
                         const std::string& where) {
  ReductionAttrs attrs{.keepdims = keepdims};
  for (int64_t a : axis) attrs.axes.push_back(normalize_axis(a, x.rank(), where));
  if (axis.empty()) {
    for (int i = 0; i < x.rank(); ++i) attrs.axes.push_back(i);
  }
  std::sort(attrs.axes.begin(), attrs.axes.end());
  if (std::adjacent_find(attrs.axes.begin(), attrs.axes.end()) != attrs.axes.end()) {
    throw ShapeError({.where = where,
                      .what = "An axis is given twice",
                      .expected = "distinct axes",
                      .received = axes_text(axis) + " for shape " + x.shape().to_string()});
  }
  return make_attrs(std::move(attrs));
}

Shape kept_shape(const Shape& shape, const ReductionAttrs& attrs) {
  auto dims = shape.to_vector();
  for (int64_t axis : attrs.axes) dims[static_cast<size_t>(axis)] = 1;
  return Shape(dims);
}

Shape reduced_shape(const Shape& shape, const ReductionAttrs& attrs) {
  if (attrs.keepdims) return kept_shape(shape, attrs);
  std::vector<int64_t> dims;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!std::binary_search(attrs.axes.begin(), attrs.axes.end(), i)) dims.push_back(shape[i]);
  }
  return Shape(dims);
}

DType sum_dtype(DType dtype) {
  if (is_inexact(dtype) || size_of(dtype) >= size_of(DType::int32)) return dtype;
  return is_unsigned(dtype) ? DType::uint32 : DType::int32;
}

std::vector<TensorSpec> infer(const InferContext& context, DType dtype) {
  const auto& attrs = context.attrs_as<ReductionAttrs>();
  const Shape& shape = context.inputs[0].shape;
  for (size_t i = 0; i < attrs.axes.size(); ++i) {
    normalize_axis(attrs.axes[i], shape.rank(), context.where());
    if (attrs.axes[i] < 0 || (i > 0 && attrs.axes[i] <= attrs.axes[i - 1])) {
      throw ShapeError({.where = context.where(),
                        .what = "The axes are not in normal form",
                        .expected = "distinct axes of 0 or more in rising order",
                        .received = axes_text(attrs.axes)});
    }
  }
  return {{reduced_shape(shape, attrs), dtype}};
}

std::vector<TensorSpec> infer_nonempty(const InferContext& context, DType dtype) {
  auto outputs = infer(context, dtype);
  const Shape& shape = context.inputs[0].shape;
  for (int64_t axis : context.attrs_as<ReductionAttrs>().axes) {
    if (shape[static_cast<int>(axis)] == 0) {
      throw ShapeError({.where = context.where(),
                        .what = "There is no element to choose from",
                        .expected = "at least one element along axis " + std::to_string(axis),
                        .received = shape.to_string()});
    }
  }
  return outputs;
}

std::vector<Array> batch(const BatchContext& c) {
  ReductionAttrs attrs = c.attrs_as<ReductionAttrs>();
  for (int64_t& axis : attrs.axes) ++axis;
  return make_op_outputs(*c.op, c.inputs, make_attrs(std::move(attrs)));
}

void require_real(const InferContext& context) {
  if (!is_complex(context.inputs[0].dtype)) return;
  throw DTypeError({.where = context.where(),
                    .what = "The op is not defined for complex numbers",
                    .expected = "a floating, integer or bool dtype",
                    .received = context.inputs[0].to_string(),
                    .hint = "take abs, real or imag first"});
}

double flops(const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return static_cast<double>(in[0].shape.num_elements());
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, std::vector<int64_t> axes,
                         bool keepdims = false, DType dtype = DType::float32) {
    OpSample s{.label = std::move(label),
               .inputs = {{shape, dtype}},
               .attrs = make_attrs(ReductionAttrs{std::move(axes), keepdims}),
               .low = -3,
               .high = 3};
    if (dtype != DType::float32) s.differentiable = false;
    return s;
  };
  return {sample("all", {7, 11}, {0, 1}),
          sample("all of a vector", {97}, {0}),
          sample("rows", {9, 33}, {1}),
          sample("columns", {9, 33}, {0}),
          sample("columns, kept", {9, 33}, {0}, true),
          sample("middle", {3, 5, 7}, {1}),
          sample("ends, kept", {3, 5, 7}, {0, 2}, true),
          sample("all but the last", {2, 3, 4, 6}, {0, 1, 2}),
          sample("alternating", {3, 4, 5, 2}, {1, 3}),
          sample("nothing", {4, 5}, {}),
          sample("scalar", {}, {}),
          sample("no outputs", {0, 4}, {1}),
          sample("int32", {6, 10}, {1}, false, DType::int32),
          sample("bool", {6, 10}, {0}, false, DType::bool_)};
}

}  // namespace danlu::reduction
