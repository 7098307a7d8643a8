#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_concatenate(const InferContext& c) {
  if (c.inputs.empty()) {
    throw ShapeError({.where = c.where(),
                      .what = "There is nothing to join",
                      .expected = "at least one Array",
                      .received = "none"});
  }
  const TensorSpec& first = c.inputs[0];
  const int64_t given = c.attrs_as<ConcatenateAttrs>().axis;
  const int axis = normalize_axis(given, first.shape.rank(), c.where());
  if (axis != given) {
    throw ShapeError({.where = c.where(),
                      .what = "The axis is not in normal form",
                      .expected = "an axis of 0 or more",
                      .received = std::to_string(given)});
  }
  int64_t total = 0;
  for (const TensorSpec& input : c.inputs) {
    if (input.dtype != first.dtype) {
      throw DTypeError({.where = c.where(),
                        .what = "The inputs have different dtypes",
                        .expected = "one dtype",
                        .received = first.to_string() + " and " + input.to_string()});
    }
    if (input.shape.rank() != first.shape.rank() ||
        input.shape.with_dim(axis, 1) != first.shape.with_dim(axis, 1)) {
      throw ShapeError(
          {.where = c.where(),
           .what = "The inputs do not fit together",
           .expected = "shapes that differ along axis " + std::to_string(axis) + " only",
           .received = first.shape.to_string() + " and " + input.shape.to_string()});
    }
    if (__builtin_add_overflow(total, input.shape[axis], &total)) total = INT64_MAX;
  }
  return {{first.shape.with_dim(axis, total), first.dtype}};
}

std::vector<Array> concatenate_vjp(const GradContext& c) {
  std::vector<Array> grads(c.inputs.size());
  if (!c.output_grads[0].defined()) return grads;
  const auto axis = static_cast<size_t>(c.attrs_as<ConcatenateAttrs>().axis);
  int64_t begin = 0;
  for (size_t i = 0; i < grads.size(); ++i) {
    const Shape& shape = c.inputs[i].shape();
    const auto rank = static_cast<size_t>(shape.rank());
    SliceAttrs part{std::vector<int64_t>(rank, 0), shape.to_vector(),
                    std::vector<int64_t>(rank, 1)};
    part.start[axis] = begin;
    begin += shape[static_cast<int>(axis)];
    if (c.needs_grad.empty() || c.needs_grad[i]) {
      grads[i] = make_op(slice_op(), {c.output_grads[0]}, make_attrs(std::move(part)));
    }
  }
  return grads;
}

std::vector<OpSample> concatenate_samples() {
  const auto sample = [](std::string label, std::vector<Shape> shapes, int64_t axis,
                         DType dtype = DType::float32) {
    OpSample s{.label = std::move(label),
               .attrs = make_attrs(ConcatenateAttrs{axis}),
               .differentiable = dtype == DType::float32};
    for (const Shape& shape : shapes) s.inputs.push_back({shape, dtype});
    return s;
  };
  return {sample("rows", {{3, 5}, {2, 5}}, 0),
          sample("columns", {{3, 5}, {3, 1}, {3, 4}}, 1),
          sample("middle", {{2, 3, 4}, {2, 1, 4}}, 1),
          sample("one", {{2, 3}}, 0),
          sample("with an empty one", {{2, 0}, {2, 3}}, 1),
          sample("int64", {{3}, {4}}, 0, DType::int64)};
}

}  // namespace

const OpDef& concatenate_op() {
  static const OpDef op{
      .name = "concatenate",
      .num_inputs = -1,
      .infer = infer_concatenate,
      .vjp = concatenate_vjp,
      .batch =
          [](const BatchContext& c) {
            std::vector<Array> parts;
            for (size_t i = 0; i < c.inputs.size(); ++i) {
              parts.push_back(batching::batched_input(c, i));
            }
            return batching::call(*c.op, parts,
                                  ConcatenateAttrs{c.attrs_as<ConcatenateAttrs>().axis + 1});
          },
      .samples = concatenate_samples,
      .doc = "The inputs one after another along an axis.",
  };
  return op;
}

Array concatenate(const std::vector<Array>& xs, int64_t axis) {
  ConcatenateAttrs attrs{axis};
  if (!xs.empty()) attrs.axis = normalize_axis(axis, xs[0].rank(), "concatenate");
  std::vector<Array> inputs = xs;
  for (const Array& x : xs) {
    if (promote(inputs[0].dtype(), x.dtype()) != inputs[0].dtype()) {
      inputs[0] = cast(inputs[0], x.dtype());
    }
  }
  for (Array& x : inputs) x = cast(x, inputs[0].dtype());
  return make_op_outputs(concatenate_op(), inputs, make_attrs(attrs))[0];
}

Array stack(const std::vector<Array>& xs, int64_t axis) {
  std::vector<Array> expanded;
  for (const Array& x : xs) {
    if (x.shape() != xs[0].shape()) {
      throw ShapeError({.where = "stack",
                        .what = "The inputs have different shapes",
                        .expected = "one shape",
                        .received = xs[0].shape().to_string() + " and " + x.shape().to_string()});
    }
    expanded.push_back(expand_dims(x, axis));
  }
  return with_error_context("stack", [&] { return concatenate(expanded, axis); });
}

}  // namespace danlu
