#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing/indexing_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

using indexing::index_fill;
using indexing::indices_for_all;
using indexing::range_text;
using indexing::require_integer_indices;
using indexing::taken_shape;

std::vector<TensorSpec> infer_take(const InferContext& c) {
  require_integer_indices(c, 1);
  const Shape& shape = c.inputs[0].shape;
  const auto& attrs = c.attrs_as<TakeAttrs>();
  const int axis = normalize_axis(attrs.axis, shape.rank(), c.where());
  if (attrs.axis < 0 || attrs.size != shape[axis]) {
    throw ShapeError({.where = c.where(),
                      .what = "The attributes do not fit the input",
                      .expected = "axis and size of an axis of " + shape.to_string(),
                      .received = c.attrs->to_string()});
  }
  return {{taken_shape(shape, c.inputs[1].shape, axis), c.inputs[0].dtype}};
}

std::vector<TensorSpec> infer_scatter_add(const InferContext& c) {
  require_integer_indices(c, 1);
  const auto& [shape, axis] = c.attrs_as<ScatterAddAttrs>();
  const int at = normalize_axis(axis, shape.rank(), c.where());
  const Shape expected = taken_shape(shape, c.inputs[1].shape, at);
  if (c.inputs[0].shape != expected || axis < 0) {
    throw ShapeError({.where = c.where(),
                      .what = "The updates do not fit the indices and the shape",
                      .expected = "updates of shape " + expected.to_string(),
                      .received = c.inputs[0].shape.to_string()});
  }
  if (c.inputs[0].dtype == DType::bool_) {
    throw DTypeError({.where = c.where(),
                      .what = "The op is not defined for bool",
                      .expected = "a floating or integer dtype",
                      .received = c.inputs[0].to_string()});
  }
  return {{shape, c.inputs[0].dtype}};
}

std::vector<Array> batch_take(const BatchContext& c) {
  const auto [axis, size] = c.attrs_as<TakeAttrs>();
  const Array& x = c.inputs[0];
  const Array& indices = c.inputs[1];
  if (!c.batched[1]) return {take(x, indices, axis + 1)};
  if (!c.batched[0]) return {batching::move_axis(take(x, indices, axis), axis, 0)};
  const Array rows = batching::merge_front(batching::move_axis(x, axis + 1, 1));
  Array taken = take(rows, indices_for_all(indices, size, c.size), 0);
  // (batch, indices, before, after) → (batch, before, indices, after)
  for (int64_t i = 0; i < axis; ++i) {
    taken = batching::move_axis(taken, indices.rank() + i, 1 + i);
  }
  return {taken};
}

std::vector<Array> batch_scatter_add(const BatchContext& c) {
  const auto& [shape, axis] = c.attrs_as<ScatterAddAttrs>();
  Array updates = batching::batched_input(c, 0);
  if (!c.batched[1])
    return {scatter_add(updates, c.inputs[1], batching::batched_shape(c), axis + 1)};
  const Array& indices = c.inputs[1];
  const int64_t size = shape[static_cast<int>(axis)];
  // (batch, before, indices, after) → (batch, indices, before, after)
  for (int64_t i = 0; i < axis; ++i) {
    updates = batching::move_axis(updates, 1, indices.rank() + axis - 1);
  }
  std::vector<int64_t> dims = shape.without_axis(static_cast<int>(axis)).to_vector();
  dims.insert(dims.begin(), c.size * size);
  const Array rows = scatter_add(updates, indices_for_all(indices, size, c.size), Shape(dims), 0);
  return {batching::move_axis(batching::split_front(rows, c.size), 1, axis + 1)};
}

std::vector<OpSample> take_samples() {
  const auto sample = [](std::string label, Shape shape, Shape indices, int64_t axis,
                         DType index_dtype, DType dtype = DType::float32) {
    const int64_t size = shape[static_cast<int>(axis)];
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}, {indices, index_dtype}},
                    .attrs = make_attrs(TakeAttrs{axis, size}),
                    .differentiable = dtype == DType::float32,
                    .fill = index_fill(size)};
  };
  return {sample("rows", {7, 5}, {4}, 0, DType::int32),
          sample("columns", {5, 7}, {4}, 1, DType::int64),
          sample("matrix of rows", {6, 3}, {2, 5}, 0, DType::int64),
          sample("middle", {2, 4, 3}, {3}, 1, DType::int32),
          sample("one", {5, 3}, {}, 0, DType::int32),
          sample("vector", {9}, {13}, 0, DType::int64),
          sample("no indices", {5, 3}, {0}, 0, DType::int64),
          sample("int64", {7, 5}, {4}, 0, DType::int32, DType::int64)};
}

std::vector<OpSample> scatter_add_samples() {
  const auto sample = [](std::string label, Shape shape, Shape indices, int64_t axis,
                         DType index_dtype, DType dtype = DType::float32) {
    const Shape updates = taken_shape(shape, indices, static_cast<int>(axis));
    return OpSample{.label = std::move(label),
                    .inputs = {{updates, dtype}, {indices, index_dtype}},
                    .attrs = make_attrs(ScatterAddAttrs{shape, axis}),
                    .differentiable = dtype == DType::float32,
                    .fill = index_fill(shape[static_cast<int>(axis)])};
  };
  return {sample("rows", {7, 5}, {9}, 0, DType::int32),
          sample("columns", {5, 3}, {8}, 1, DType::int64),
          sample("matrix of rows", {6, 3}, {2, 5}, 0, DType::int64),
          sample("vector", {4}, {13}, 0, DType::int32),
          sample("no indices", {4, 2}, {0}, 0, DType::int64),
          sample("int32", {4, 2}, {5}, 0, DType::int64, DType::int32)};
}

}  // namespace

const OpDef& take_op() {
  static const OpDef op{
      .name = "take",
      .num_inputs = 2,
      .infer = infer_take,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array(), Array()};
        return {scatter_add(c.output_grads[0], c.inputs[1], c.inputs[0].shape(),
                            c.attrs_as<TakeAttrs>().axis),
                Array()};
      },
      .batch = batch_take,
      .fault_text =
          [](const Attrs* attrs, int64_t value) {
            return range_text(attrs_as<TakeAttrs>(attrs).size, value);
          },
      .samples = take_samples,
      .doc = "The parts of the input that the indices name along an axis; −1 is the last.",
  };
  return op;
}

const OpDef& scatter_add_op() {
  static const OpDef op{
      .name = "scatter_add",
      .num_inputs = 2,
      .infer = infer_scatter_add,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array(), Array()};
        const int64_t axis = c.attrs_as<ScatterAddAttrs>().axis;
        return {take(c.output_grads[0], c.inputs[1], axis), Array()};
      },
      .batch = batch_scatter_add,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return static_cast<double>(in[0].shape.num_elements());
          },
      .fault_text =
          [](const Attrs* attrs, int64_t value) {
            const auto& [shape, axis] = attrs_as<ScatterAddAttrs>(attrs);
            return range_text(shape[static_cast<int>(axis)], value);
          },
      .samples = scatter_add_samples,
      .doc = "Zeros to which each update is added at its index along an axis.",
  };
  return op;
}

Array take(const Array& x, const Array& indices, std::optional<int64_t> axis) {
  if (!axis) return take(reshape(x, Shape{x.size()}), indices, 0);
  const int at = normalize_axis(*axis, x.rank(), "take");
  return make_op(take_op(), {x, indices}, make_attrs(TakeAttrs{at, x.shape()[at]}));
}

Array scatter_add(const Array& updates, const Array& indices, const Shape& shape, int64_t axis) {
  const int at = normalize_axis(axis, shape.rank(), "scatter_add");
  return make_op(scatter_add_op(), {updates, indices}, make_attrs(ScatterAddAttrs{shape, at}));
}

}  // namespace danlu
