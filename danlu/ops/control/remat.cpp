#include "danlu/base/error.h"
#include "danlu/ops/control/control.h"
#include "danlu/ops/control/control_record.h"
#include "danlu/ops/control/remat_attrs.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/batching.h"
#include "danlu/ops/transform/forward.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu {
namespace {

using transform::Inputs;

std::vector<TensorSpec> infer_barrier(const InferContext& c) {
  if (c.inputs.empty()) {
    throw ValueError({.where = c.where(),
                      .what = "There is nothing to pass on",
                      .expected = "at least one input",
                      .received = "none"});
  }
  return {c.inputs[0]};
}

std::vector<Array> remat_vjp(const GradContext& c) {
  std::vector<Array> seeds, tokens;
  for (const Array& grad : c.output_grads) {
    if (grad.defined()) tokens.push_back(grad);
  }
  // Behind the barrier nothing equals what the forward pass computed, and nothing can be computed
  // before the gradients are there.
  std::vector<Array> inputs;
  for (const Array& input : c.inputs) {
    std::vector<Array> values = {input};
    values.insert(values.end(), tokens.begin(), tokens.end());
    inputs.push_back(make_op_outputs(barrier_op(), values)[0]);
  }
  const auto outputs = call_graph(*c.attrs_as<RematAttrs>().graph, inputs);
  return transform::vjp_between(outputs, c.output_grads, inputs, Inputs::independent);
}

std::vector<Array> remat_jvp(const GradContext& c, std::span<const Array> tangents) {
  std::vector<Array> inputs;
  for (const Array& input : c.inputs) inputs.push_back(transform::gradient_source(input));
  return transform::jvp_between(call_graph(*c.attrs_as<RematAttrs>().graph, inputs), inputs,
                                tangents);
}

std::vector<Array> remat_batch(const BatchContext& c) {
  std::vector<bool> all(c.outputs.size(), true);
  const std::vector<bool> batched(c.batched.begin(), c.batched.end());
  const auto body = transform::batch_graph(*c.attrs_as<RematAttrs>().graph, batched, c.size, all);
  std::vector<Array> inputs(c.inputs.begin(), c.inputs.end());
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  return make_op_outputs(remat_op(), inputs, make_attrs(RematAttrs{body.graph}));
}

std::vector<OpSample> barrier_samples() {
  const TensorSpec x{Shape{3, 5}, DType::float32}, token{Shape{}, DType::float32};
  return {{.label = "one token", .inputs = {x, token}}, {.label = "none", .inputs = {x}}};
}

std::vector<OpSample> remat_samples() {
  const std::vector<TensorSpec> inputs = {{Shape{4}, DType::float64},
                                          {Shape{2, 4}, DType::float64}};
  const auto graph = control::graph_of(inputs, [](std::span<const Array> x) {
    const Array y = sin(x[0]) * x[1];
    return std::vector{tanh(y) * y, exp(x[0])};
  });
  return {{.label = "two results", .inputs = inputs, .attrs = make_attrs(RematAttrs{graph})}};
}

}  // namespace

const OpDef& barrier_op() {
  static const OpDef op{
      .name = "barrier",
      .num_inputs = -1,
      .infer = infer_barrier,
      .vjp =
          [](const GradContext& c) {
            std::vector<Array> grads(c.inputs.size());
            grads[0] = c.output_grads[0];
            return grads;
          },
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        std::vector<Array> inputs(c.inputs.begin(), c.inputs.end());
        inputs[0] = batching::batched_input(c, 0);
        return make_op_outputs(*c.op, inputs);
      },
      .samples = barrier_samples,
      .doc =
          "The first input, once the others are there; equal to nothing else in the eyes of the "
          "compiler.",
  };
  return op;
}

const OpDef& remat_op() {
  static const OpDef op{
      .name = "remat",
      .num_inputs = -1,
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        const Graph& graph = control::checked(c, c.attrs_as<RematAttrs>().graph);
        control::require_specs(c, 0, control::input_specs(graph));
        return control::output_specs(graph);
      },
      .vjp = remat_vjp,
      .decompose =
          [](const Attrs* attrs, std::span<const Array> inputs) {
            return call_graph(*attrs_as<RematAttrs>(attrs).graph, inputs);
          },
      .jvp = remat_jvp,
      .batch = remat_batch,
      .samples = remat_samples,
      .doc = "A subgraph whose derivative computes its intermediate values anew.",
  };
  return op;
}

std::vector<Array> control::remat_call(const Body& body, std::span<const Array> inputs) {
  const std::vector<Array> arguments = placeholders(specs_of(inputs));
  const auto traced = transform::trace_subgraph(arguments, body(arguments));
  std::vector<Array> all(inputs.begin(), inputs.end());
  all.insert(all.end(), traced.captures.begin(), traced.captures.end());
  return make_op_outputs(remat_op(), all, make_attrs(RematAttrs{traced.graph}));
}

}  // namespace danlu
