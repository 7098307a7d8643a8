#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_broadcast_to(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  const Shape& to = c.attrs_as<ShapeAttrs>().shape;
  bool fits = from.rank() <= to.rank();
  for (int i = 1; fits && i <= from.rank(); ++i) fits = from[-i] == to[-i] || from[-i] == 1;
  if (!fits) {
    throw ShapeError(
        {.where = c.where(),
         .what = "The input does not broadcast to the shape",
         .expected = "dimensions of " + to.to_string() + " or 1, compared from the last",
         .received = from.to_string()});
  }
  return {{to, c.inputs[0].dtype}};
}

std::vector<OpSample> broadcast_to_samples() {
  const auto sample = [](std::string label, Shape from, Shape to, DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{from, dtype}},
                    .attrs = make_attrs(ShapeAttrs{to}),
                    .differentiable = dtype == DType::float32};
  };
  return {sample("scalar", {}, {4, 7}),
          sample("row", {9}, {5, 9}),
          sample("column", {5, 1}, {5, 9}),
          sample("middle", {2, 1, 3}, {2, 4, 3}),
          sample("same", {2, 3}, {2, 3}),
          sample("ends", {1, 4, 1}, {3, 2, 4, 5}),
          sample("to nothing", {1, 4}, {0, 4}),
          sample("int64", {1, 4}, {3, 4}, DType::int64),
          sample("bool", {4}, {3, 4}, DType::bool_)};
}

}  // namespace

const OpDef& broadcast_to_op() {
  static const OpDef op{
      .name = "broadcast_to",
      .infer = infer_broadcast_to,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        return {sum_to_shape(c.output_grads[0], c.inputs[0].shape())};
      },
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        const Shape to = batching::batched_shape(c);
        std::vector<int64_t> dims = c.inputs[0].shape().to_vector();
        dims.insert(dims.begin() + 1, static_cast<size_t>(to.rank()) - dims.size(), 1);
        return {broadcast_to(reshape(c.inputs[0], Shape(dims)), to)};
      },
      .samples = broadcast_to_samples,
      .doc = "The input repeated along new axes and axes of length 1.",
  };
  return op;
}

Array broadcast_to(const Array& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return make_op(broadcast_to_op(), {x}, make_attrs(ShapeAttrs{shape}));
}

Array full(const Shape& shape, const Number& value, std::optional<DType> dtype) {
  const DType alone = is_complex(value.dtype()) ? value.dtype() : DType::float32;
  return broadcast_to(Array::scalar(value, dtype.value_or(alone)), shape);
}
Array zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Array ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }
Array zeros_like(const Array& x, std::optional<DType> dtype) { return full_like(x, 0, dtype); }
Array ones_like(const Array& x, std::optional<DType> dtype) { return full_like(x, 1, dtype); }
Array full_like(const Array& x, const Number& value, std::optional<DType> dtype) {
  return full(x.shape(), value, dtype.value_or(x.dtype()));
}
Array convert_to_tensor(const Array& x, std::optional<DType> dtype) {
  return dtype ? cast(x, *dtype) : x;
}

}  // namespace danlu
