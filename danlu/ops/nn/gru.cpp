#include "danlu/base/error.h"
#include "danlu/ops/control_flow.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn/recurrent_record.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu {
namespace recurrent {

std::vector<Array> gru_steps(const RecurrentAttrs& attrs, std::span<const Array> inputs,
                             const RecurrentActivation& activation,
                             const RecurrentActivation& recurrent_activation, bool reset_after) {
  const Array &kernel = inputs[2], &bias = inputs[3];
  const int64_t units = kernel.shape()[0];
  std::vector<Array> xs = {swap_time(inputs[0])};
  if (attrs.mask) xs.push_back(swap_time(inputs[4]));
  const auto step = [&](const Array& state, const std::vector<Array>& x) {
    const auto from_input = split(x[0], 3, -1);
    const auto gate = [&](const Array& recurrent, size_t i) {
      return recurrent_activation(from_input[i] + recurrent);
    };
    Array z, r, n, product;
    if (reset_after) {
      const auto parts = split(matmul(state, kernel) + bias, 3, -1);
      z = gate(parts[0], 0), r = gate(parts[1], 1), product = parts[2];
      n = activation(from_input[2] + r * product);
    } else {
      const auto kernels = split(kernel, std::vector<int64_t>{2 * units}, 1);
      const auto parts = split(matmul(state, kernels[0]), 2, -1);
      z = gate(parts[0], 0), r = gate(parts[1], 1);
      n = activation(from_input[2] + matmul(r * state, kernels[1]));
    }
    Array h = z * state + (1 - z) * n;
    const Array counts = step_mask(x, attrs);
    if (counts.defined()) h = where(counts, h, state);
    std::vector<Array> results = {h};
    if (reset_after) results.push_back(concatenate({z, r, n, product}, -1));
    return std::pair{h, results};
  };
  std::vector<Array> results = scan(step, inputs[1], xs).second;
  for (Array& each : results) each = swap_time(each);
  return results;
}

}  // namespace recurrent

namespace {

using recurrent::Kind;

std::vector<recurrent::Operand> operands(const RecurrentAttrs& attrs) {
  return recurrent::present(attrs, {{"projected input", Kind::sequence, 3},
                                    {"initial state", Kind::state},
                                    {"recurrent kernel", Kind::matrix, 3},
                                    {"recurrent bias", Kind::vector, 3}});
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const recurrent::Sizes s = recurrent::check(c, operands(c.attrs_as<RecurrentAttrs>()));
  const DType dtype = c.inputs[0].dtype;
  return {{{s.batch, s.time, s.units}, dtype}, {{s.batch, s.time, 4 * s.units}, dtype}};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> inputs) {
  return recurrent::gru_steps(attrs_as<RecurrentAttrs>(attrs), inputs, tanh, sigmoid, true);
}

std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<RecurrentAttrs>();
  if (c.output_grads[1].defined()) {  // only in derivatives of second order
    std::vector<Array> inputs;
    for (const Array& input : c.inputs) inputs.push_back(transform::gradient_source(input));
    return transform::vjp_between(decompose(c.attrs, inputs), c.output_grads, inputs,
                                  transform::Inputs::independent);
  }
  std::vector<Array> inputs = {c.outputs[1], c.outputs[0], c.inputs[1], c.inputs[2],
                               c.output_grads[0]};
  if (attrs.mask) inputs.push_back(c.inputs[4]);
  const auto backward = make_op_outputs(gru_backward_op(), inputs, make_attrs(attrs));
  const Array states = recurrent::shifted(c.inputs[1], c.outputs[0]);
  std::vector<Array> grads(c.inputs.size());
  grads[0] = backward[0];
  grads[1] = backward[2];
  if (c.needs_grad[2]) grads[2] = recurrent::weight_gradient(states, backward[1]);
  if (c.needs_grad[3]) grads[3] = sum(backward[1], {0, 1});
  return grads;
}

}  // namespace

const OpDef& gru_op() {
  static const OpDef op{
      .name = "gru",
      .num_inputs = -1,
      .infer = infer,
      .vjp = vjp,
      .decompose = decompose,
      .batch =
          [](const BatchContext& c) {
            return recurrent::batch(c, operands(c.attrs_as<RecurrentAttrs>()));
          },
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            const Shape& s = out[0].shape;
            return recurrent::flops({s[0], s[1], s[2]}, 3);
          },
      .samples = [] { return recurrent::samples(operands, false); },
      .doc =
          "All steps of a gated recurrent unit from projected inputs: the states, and z, r, n and "
          "the recurrent product that r gates.",
  };
  return op;
}

GruResult gru(const Array& inputs, const Array& kernel, const Array& recurrent_kernel,
              const GruOptions& options) {
  const char* where = "gru";
  std::optional<Array> bias = options.bias;
  Array recurrent_bias;
  if (bias && options.reset_after) {
    if (bias->rank() != 2 || bias->shape()[0] != 2) {
      throw ShapeError({.where = where,
                        .what = "The bias has the wrong shape",
                        .expected = "(2, 3 units), because of reset_after",
                        .received = bias->shape().to_string()});
    }
    const auto rows = unstack(*bias);
    bias = rows[0];
    recurrent_bias = rows[1];
  }
  const auto [projected, mask] = recurrent::prepare(where, inputs, kernel, recurrent_kernel, bias,
                                                    options.mask, options.go_backwards, 3);
  const int64_t units = recurrent_kernel.shape()[0], time = projected.shape()[1];
  if (!recurrent_bias.defined()) recurrent_bias = zeros({3 * units}, projected.dtype());
  const RecurrentAttrs attrs{.mask = mask.defined()};
  std::vector<Array> all = {
      projected, recurrent::initial_state(where, options.initial_state, projected, units),
      cast(recurrent_kernel, projected.dtype()), cast(recurrent_bias, projected.dtype())};
  if (mask.defined()) all.push_back(mask);
  const bool standard = !options.activation && !options.recurrent_activation && options.reset_after;
  const auto or_else = [](const RecurrentActivation& given, Array (*otherwise)(const Array&)) {
    return given ? given : RecurrentActivation(otherwise);
  };
  const auto steps = standard ? make_op_outputs(gru_op(), all, make_attrs(attrs))
                              : recurrent::gru_steps(attrs, all, or_else(options.activation, tanh),
                                                     or_else(options.recurrent_activation, sigmoid),
                                                     options.reset_after);
  const Array last = slice(steps[0], {0, time - 1, 0}, steps[0].shape().to_vector());
  return {steps[0], squeeze(last, 1)};
}

}  // namespace danlu
