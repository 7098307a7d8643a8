#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec &x = c.inputs[0], &gamma = c.inputs[1];
  bool fits = x.shape.rank() > 0 && x.shape[-1] > 0 && gamma.shape == Shape{x.shape[-1]};
  if (fits) {
    const Shape row = x.shape.with_dim(x.shape.rank() - 1, 1);
    fits = c.inputs[2].shape == row && c.inputs[3].shape == row && c.inputs[4].shape == x.shape;
  }
  for (const TensorSpec& each : c.inputs) fits = fits && each.dtype == x.dtype;
  if (!fits || !is_floating(x.dtype)) {
    std::string received = x.to_string();
    for (size_t i = 1; i < c.inputs.size(); ++i) received += ", " + c.inputs[i].to_string();
    throw ShapeError({.where = c.where(),
                      .what = "The inputs do not fit each other",
                      .expected = "(…, n), (n,), (…, 1), (…, 1) and (…, n) of one floating dtype",
                      .received = received});
  }
  return {x, gamma, gamma};
}

/// With x̂ = (x − mean) · factor: the gradient of the normalized row is the part of g · gamma that
/// is orthogonal to the constant row and to x̂, times factor.
std::vector<Array> decompose(const Attrs*, std::span<const Array> inputs) {
  const Array &x = inputs[0], &gamma = inputs[1], &center = inputs[2], &factor = inputs[3];
  const Array& g = inputs[4];
  const Array normalized = (x - center) * factor, inner = g * gamma;
  return {factor *
              (inner - mean(inner, {-1}, true) - normalized * mean(inner * normalized, {-1}, true)),
          sum_to_shape(g * normalized, gamma.shape()), sum_to_shape(g, gamma.shape())};
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, DType dtype = DType::float32) {
    const Shape row{shape[-1]}, one = shape.with_dim(shape.rank() - 1, 1);
    return OpSample{
        .label = std::move(label),
        .inputs = {{shape, dtype}, {row, dtype}, {one, dtype}, {one, dtype}, {shape, dtype}},
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

const OpDef& layer_norm_backward_op() {
  static const OpDef op{
      .name = "layer_norm_backward",
      .num_inputs = 5,
      .infer = infer,
      .decompose = decompose,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return 14.0 * static_cast<double>(in[0].shape.num_elements());
          },
      .samples = samples,
      .doc =
          "Gradients of layer_norm's x, gamma and beta, from x, gamma, the means and factors of "
          "the "
          "rows, and the gradient of the result.",
  };
  return op;
}

}  // namespace danlu
