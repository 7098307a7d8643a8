#include "danlu/base/error.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/indexing/indexing_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  indexing::require_integer_indices(c, 1);
  const auto& [axis, size] = c.attrs_as<TakeAttrs>();
  const Shape& shape = c.inputs[0].shape;
  const Shape& indices = c.inputs[1].shape;
  if (axis < 0 || axis >= shape.rank() || size != shape[static_cast<int>(axis)] ||
      indices.rank() != shape.rank() ||
      indices.without_axis(static_cast<int>(axis)) != shape.without_axis(static_cast<int>(axis))) {
    throw ShapeError({.where = c.where(),
                      .what = "The indices do not fit the input",
                      .expected = "the same dimensions but for axis " + std::to_string(axis),
                      .received = shape.to_string() + " and " + indices.to_string()});
  }
  return {{indices, c.inputs[0].dtype}};
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, int64_t count, int64_t axis,
                         DType index_dtype, DType dtype = DType::float32) {
    const auto at = static_cast<int>(axis);
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}, {shape.with_dim(at, count), index_dtype}},
                    .attrs = make_attrs(TakeAttrs{axis, shape[at]}),
                    .differentiable = dtype == DType::float32,
                    .fill = indexing::index_fill(shape[at])};
  };
  return {sample("rows", {4, 7}, 5, 1, DType::int32),
          sample("columns", {6, 3}, 8, 0, DType::int64),
          sample("middle", {2, 5, 3}, 4, 1, DType::int32),
          sample("vector", {9}, 13, 0, DType::int64),
          sample("nothing", {3, 4}, 0, 1, DType::int32),
          sample("one", {3, 4}, 1, 1, DType::int32),
          sample("int64", {4, 5}, 2, 0, DType::int32, DType::int64)};
}

}  // namespace

const OpDef& take_along_axis_op() {
  static const OpDef op{
      .name = "take_along_axis",
      .num_inputs = 2,
      .infer = infer,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        const Array& g = c.output_grads[0];
        if (!g.defined()) return {Array(), Array()};
        const int64_t axis = c.attrs_as<TakeAttrs>().axis;
        return {put_along_axis(zeros(c.inputs[0].shape(), g.dtype()), c.inputs[1], g, axis, "add"),
                Array()};
      },
      .batch =
          [](const BatchContext& c) {
            const auto [axis, size] = c.attrs_as<TakeAttrs>();
            return batching::call(*c.op,
                                  {batching::batched_input(c, 0), batching::batched_input(c, 1)},
                                  TakeAttrs{axis + 1, size});
          },
      .fault_text =
          [](const Attrs* attrs, int64_t value) {
            return indexing::range_text(attrs_as<TakeAttrs>(attrs).size, value);
          },
      .samples = samples,
      .doc = "One element of each row of the input for each index of the row.",
  };
  return op;
}

Array take_along_axis(const Array& x, const Array& indices, int64_t axis) {
  const int at = normalize_axis(axis, x.rank(), "take_along_axis");
  if (indices.rank() != x.rank()) {
    throw ShapeError({.where = "take_along_axis",
                      .what = "The indices have another rank than the input",
                      .expected = "rank " + std::to_string(x.rank()),
                      .received = indices.shape().to_string(),
                      .hint = "expand_dims(indices, axis)"});
  }
  const Shape around = broadcast_shapes(x.shape().with_dim(at, 1), indices.shape().with_dim(at, 1),
                                        "take_along_axis");
  return make_op(take_along_axis_op(),
                 {broadcast_to(x, around.with_dim(at, x.shape()[at])),
                  broadcast_to(indices, around.with_dim(at, indices.shape()[at]))},
                 make_attrs(TakeAttrs{at, x.shape()[at]}));
}

Array take_along_axis(const Array& x, const Array& indices) {
  return take_along_axis(reshape(x, Shape{x.size()}), reshape(indices, Shape{indices.size()}), 0);
}

}  // namespace danlu
