#include "danlu/ops/control_flow.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn/recurrent_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu {
namespace recurrent {

std::vector<Array> lstm_steps(const RecurrentAttrs& attrs, std::span<const Array> inputs,
                              const RecurrentActivation& activation,
                              const RecurrentActivation& recurrent_activation) {
  const Array& kernel = inputs[3];
  std::vector<Array> xs = {swap_time(inputs[0])};
  if (attrs.mask) xs.push_back(swap_time(inputs[4]));
  using State = std::vector<Array>;
  const auto step = [&](const State& state, const std::vector<Array>& x) {
    const auto z = split(x[0] + matmul(state[0], kernel), 4, -1);
    const Array i = recurrent_activation(z[0]), f = recurrent_activation(z[1]);
    const Array g = activation(z[2]), o = recurrent_activation(z[3]);
    Array c = f * state[1] + i * g;
    Array h = o * activation(c);
    if (const Array counts = step_mask(x, attrs); counts.defined()) {
      h = where(counts, h, state[0]);
      c = where(counts, c, state[1]);
    }
    return std::pair{State{h, c}, State{h, c, concatenate({i, f, g, o}, -1)}};
  };
  std::vector<Array> results = scan(step, State{inputs[1], inputs[2]}, xs).second;
  for (Array& each : results) each = swap_time(each);
  return results;
}

}  // namespace recurrent

namespace {

using recurrent::Kind;

std::vector<recurrent::Operand> operands(const RecurrentAttrs& attrs) {
  return recurrent::present(attrs, {{"projected input", Kind::sequence, 4},
                                    {"initial state", Kind::state},
                                    {"initial cell state", Kind::state},
                                    {"recurrent kernel", Kind::matrix, 4}});
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const recurrent::Sizes s = recurrent::check(c, operands(c.attrs_as<RecurrentAttrs>()));
  const DType dtype = c.inputs[0].dtype;
  const TensorSpec states{{s.batch, s.time, s.units}, dtype};
  return {states, states, {{s.batch, s.time, 4 * s.units}, dtype}};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> inputs) {
  return recurrent::lstm_steps(attrs_as<RecurrentAttrs>(attrs), inputs, tanh, sigmoid);
}

std::vector<Array> vjp(const GradContext& c) {
  RecurrentAttrs attrs = c.attrs_as<RecurrentAttrs>();
  if (c.output_grads[2].defined()) {  // only in derivatives of second order
    std::vector<Array> inputs;
    for (const Array& input : c.inputs) inputs.push_back(transform::gradient_source(input));
    return transform::vjp_between(decompose(c.attrs, inputs), c.output_grads, inputs,
                                  transform::Inputs::independent);
  }
  attrs.carry_gradient = c.output_grads[1].defined();
  const Array& h = c.outputs[0];
  std::vector<Array> inputs = {c.outputs[2], c.outputs[1], c.inputs[2], c.inputs[3],
                               c.output_grads[0].defined() ? c.output_grads[0] : zeros_like(h)};
  if (attrs.carry_gradient) inputs.push_back(c.output_grads[1]);
  if (attrs.mask) inputs.push_back(c.inputs[4]);
  auto grads = make_op_outputs(lstm_backward_op(), inputs, make_attrs(attrs));
  const Array states = recurrent::shifted(c.inputs[1], h);
  grads.push_back(c.needs_grad[3] ? recurrent::weight_gradient(states, grads[0]) : Array());
  grads.resize(c.inputs.size());
  return grads;
}

}  // namespace

const OpDef& lstm_op() {
  static const OpDef op{
      .name = "lstm",
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
            return recurrent::flops({s[0], s[1], s[2]}, 4);
          },
      .samples = [] { return recurrent::samples(operands, false); },
      .doc =
          "All steps of a long short-term memory from projected inputs: the states, the cell "
          "states, and the gates i f g o as they were applied.",
  };
  return op;
}

LstmResult lstm(const Array& inputs, const Array& kernel, const Array& recurrent_kernel,
                const LstmOptions& options) {
  const char* where = "lstm";
  const auto [projected, mask] = recurrent::prepare(
      where, inputs, kernel, recurrent_kernel, options.bias, options.mask, options.go_backwards, 4);
  const int64_t units = recurrent_kernel.shape()[0], time = projected.shape()[1];
  const RecurrentAttrs attrs{.mask = mask.defined()};
  std::vector<Array> all = {
      projected, recurrent::initial_state(where, options.initial_state_h, projected, units),
      recurrent::initial_state(where, options.initial_state_c, projected, units),
      cast(recurrent_kernel, projected.dtype())};
  if (mask.defined()) all.push_back(mask);
  const bool standard = !options.activation && !options.recurrent_activation;
  const auto or_else = [](const RecurrentActivation& given, Array (*otherwise)(const Array&)) {
    return given ? given : RecurrentActivation(otherwise);
  };
  const auto steps = standard
                         ? make_op_outputs(lstm_op(), all, make_attrs(attrs))
                         : recurrent::lstm_steps(attrs, all, or_else(options.activation, tanh),
                                                 or_else(options.recurrent_activation, sigmoid));
  const auto last = [&](const Array& x) {
    return squeeze(slice(x, {0, time - 1, 0}, x.shape().to_vector()), 1);
  };
  return {steps[0], last(steps[0]), last(steps[1])};
}

}  // namespace danlu
