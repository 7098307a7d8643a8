#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_one_hot(const InferContext& c) {
  const auto& attrs = c.attrs_as<OneHotAttrs>();
  if (!is_integer(c.inputs[0].dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The classes are no integers",
                      .expected = "an integer dtype",
                      .received = c.inputs[0].to_string(),
                      .hint = "cast(x, DType::int32)"});
  }
  if (attrs.num_classes < 1) {
    throw ValueError({.where = c.where(),
                      .what = "The number of classes is not usable",
                      .expected = "num_classes of 1 or more",
                      .received = std::to_string(attrs.num_classes)});
  }
  const Shape& shape = c.inputs[0].shape;
  return {{shape.with_axis_inserted(shape.rank(), attrs.num_classes), attrs.dtype}};
}

std::vector<OpSample> one_hot_samples() {
  const auto sample = [](std::string label, Shape shape, DType from, OneHotAttrs attrs) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, from}},
                    .attrs = make_attrs(attrs),
                    .low = 0,
                    .high = static_cast<double>(attrs.num_classes),
                    .differentiable = false};
  };
  return {sample("vector", {9}, DType::int32, {5, DType::float32}),
          sample("matrix", {3, 4}, DType::int64, {7, DType::float32}),
          sample("scalar", {}, DType::int64, {3, DType::float32}),
          sample("uint8 to bool", {6}, DType::uint8, {4, DType::bool_}),
          sample("to int64", {6}, DType::int32, {4, DType::int64}),
          sample("strict", {5}, DType::int32, {4, DType::float32, true}),
          sample("empty", {0}, DType::int32, {4, DType::float32})};
}

}  // namespace

const OpDef& one_hot_op() {
  static const OpDef op{
      .name = "one_hot",
      .infer = infer_one_hot,
      .vjp = [](const GradContext&) -> std::vector<Array> { return {Array()}; },
      .batch = batching::leading_axes,
      .fault_text =
          [](const Attrs* attrs, int64_t value) {
            return "A class is out of range. Expected a class from 0 to " +
                   std::to_string(attrs_as<OneHotAttrs>(attrs).num_classes - 1) + ". Received " +
                   std::to_string(value) + ".";
          },
      .samples = one_hot_samples,
      .doc = "A new last axis: 1 at the class that the input names, 0 elsewhere.",
  };
  return op;
}

Array one_hot(const Array& x, int64_t num_classes, DType dtype) {
  return make_op(one_hot_op(), {x}, make_attrs(OneHotAttrs{num_classes, dtype}));
}

Array internal::one_hot_of_labels(const Array& x, int64_t num_classes, DType dtype) {
  return make_op(one_hot_op(), {x}, make_attrs(OneHotAttrs{num_classes, dtype, true}));
}

Array one_hot(const Array& x, int64_t num_classes, int64_t axis, DType dtype) {
  return moveaxis(one_hot(x, num_classes, dtype), {-1}, {axis});
}

}  // namespace danlu
