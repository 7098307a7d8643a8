#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn/layer_norm_attrs.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec &x = c.inputs[0], &gamma = c.inputs[1], &beta = c.inputs[2];
  if (!is_floating(x.dtype) || gamma.dtype != x.dtype || beta.dtype != x.dtype) {
    throw DTypeError(
        {.where = c.where(),
         .what = "The inputs must have one floating dtype",
         .expected = "three of float32, float64, float16 or bfloat16",
         .received = x.to_string() + ", " + gamma.to_string() + " and " + beta.to_string()});
  }
  if (x.shape.rank() == 0 || x.shape[-1] < 1 || gamma.shape != Shape{x.shape[-1]} ||
      beta.shape != gamma.shape) {
    throw ShapeError(
        {.where = c.where(),
         .what = "The inputs do not fit each other",
         .expected = "(…, n), (n,) and (n,) with n of 1 or more",
         .received = x.to_string() + ", " + gamma.to_string() + " and " + beta.to_string()});
  }
  const TensorSpec one{x.shape.with_dim(x.shape.rank() - 1, 1), x.dtype};
  return {x, one, one};
}

std::vector<Array> vjp(const GradContext& c) {
  const Array &x = c.inputs[0], &gamma = c.inputs[1];
  const Array &center = c.outputs[1], &factor = c.outputs[2];
  const Array &g = c.output_grads[0], &g_center = c.output_grads[1], &g_factor = c.output_grads[2];
  const auto n = static_cast<double>(x.shape()[-1]);
  std::vector<Array> grads(3);
  const auto add = [&](const Array& part) {
    grads[0] = grads[0].defined() ? grads[0] + part : part;
  };
  if (g.defined()) {
    grads = make_op_outputs(layer_norm_backward_op(), std::vector{x, gamma, center, factor, g},
                            nullptr);
  }
  if (g_center.defined()) add(broadcast_to(g_center / n, x.shape()));
  if (g_factor.defined()) {
    add(-(g_factor * square(factor) / n) * ((x - center) * factor));
  }
  return grads;
}

std::vector<Array> batch(const BatchContext& c) {
  const int rank = c.inputs[0].rank() - (c.batched[0] ? 1 : 0);
  const Array x = batching::batched_input(c, 0);
  if (!c.batched[1] && !c.batched[2]) {
    return make_op_outputs(*c.op, std::vector<Array>{x, c.inputs[1], c.inputs[2]}, c.attrs);
  }
  const Shape row{x.shape()[-1]};
  std::vector<int64_t> dims(static_cast<size_t>(rank) + 1, 1);
  dims.front() = c.size;
  dims.back() = row[0];
  const auto constant = [&](int value) {
    return broadcast_to(Array::scalar(value, x.dtype()), row);
  };
  std::vector<Array> outputs =
      make_op_outputs(*c.op, std::vector<Array>{x, constant(1), constant(0)}, c.attrs);
  outputs[0] = outputs[0] * reshape(batching::batched_input(c, 1), Shape(dims)) +
               reshape(batching::batched_input(c, 2), Shape(dims));
  return outputs;
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, DType dtype = DType::float32) {
    const Shape row{shape[-1]};
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}, {row, dtype}, {row, dtype}},
                    .attrs = make_attrs(LayerNormAttrs{1e-3}),
                    .tolerance = 4e-6,
                    .differentiable = dtype == DType::float32};
  };
  return {sample("rows", {5, 7}),
          sample("vector", {37}),
          sample("rank 3", {2, 3, 16}),
          sample("long rows", {3, 150}),
          sample("one element", {4, 1}),
          sample("no rows", {0, 4}),
          sample("float64", {3, 5}, DType::float64)};
}

}  // namespace

const OpDef& layer_norm_op() {
  static const OpDef op{
      .name = "layer_norm",
      .num_inputs = 3,
      .infer = infer,
      .vjp = vjp,
      .batch = batch,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return 8.0 * static_cast<double>(in[0].shape.num_elements());
          },
      .samples = samples,
      .doc =
          "Each row with mean 0 and variance 1, times gamma, plus beta; and the means and the "
          "factors 1/√(variance + epsilon) of the rows.",
  };
  return op;
}

}  // namespace danlu
