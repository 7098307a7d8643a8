#include "danlu/ops/transform/reverse.h"

#include <memory>
#include <string>
#include <unordered_map>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu::transform {
namespace {

using internal::Node;

bool is_one(const Array& x) { return x.rank() == 0 && x.scalar_class() == ScalarClass::one; }

std::vector<Array> elementwise_vjp(const OpDef& op, const GradContext& context) {
  const Array& grad = context.output_grads[0];
  std::vector<Array> grads(context.inputs.size());
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!context.needs_grad[i]) continue;
    const Array local = op.derivative(context, static_cast<int>(i));
    if (!local.defined()) continue;
    Array product = is_one(local) ? grad : multiply(grad, local);
    product = sum_to_shape(product, context.inputs[i].shape());
    grads[i] = cast(product, context.inputs[i].dtype());
  }
  return grads;
}

void accumulate(Array& sum, const Array& term) { sum = sum.defined() ? add(sum, term) : term; }

}  // namespace

std::vector<Array> node_vjp(const OpDef& op, const GradContext& context) {
  if (op.derivative) return elementwise_vjp(op, context);
  if (op.vjp) return op.vjp(context);
  if (op.decompose) {
    // Copies: one value may stand as several inputs, or be computed from another input.
    std::vector<Array> inputs;
    for (const Array& input : context.inputs) inputs.push_back(gradient_source(input));
    const auto outputs = op.decompose(context.attrs, inputs);
    return vjp_between(outputs, context.output_grads, inputs, Inputs::independent);
  }
  throw UnsupportedError({.where = "grad",
                          .what = "The op '" + std::string(op.name) + "' has no derivative",
                          .hint = "put stop_gradient around it, or give it a custom_derivative"});
}

std::vector<Array> vjp_between(std::span<const Array> outputs, std::span<const Array> output_grads,
                               std::span<const Array> inputs, Inputs kind) {
  const History history = collect(outputs, inputs, kind);
  bool reached = inputs.empty();
  for (const Array& output : outputs) reached |= history.depends(output);
  if (!reached && history.released) {
    throw StateError({.where = "grad",
                      .what = "The result was evaluated before its gradient was asked for",
                      .expected = "an Array whose computation is still pending",
                      .hint = "use grad or value_and_grad, which keep what they need"});
  }
  return pull_back(history, outputs, output_grads, inputs);
}

std::vector<Array> pull_back(const History& history, std::span<const Array> outputs,
                             std::span<const Array> output_grads, std::span<const Array> inputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (output_grads[i].defined() && output_grads[i].shape() != outputs[i].shape()) {
      throw ShapeError({.where = "vjp",
                        .what = "An output gradient has another shape than its output",
                        .expected = outputs[i].shape().to_string(),
                        .received = output_grads[i].shape().to_string()});
    }
  }
  std::unordered_map<const Node*, std::vector<Array>> grads;
  auto grads_of = [&](const Node* node) -> std::vector<Array>& {
    auto& entry = grads[node];
    if (entry.empty()) entry.resize(node->outputs.size());
    return entry;
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!output_grads[i].defined()) continue;
    accumulate(grads_of(outputs[i].node())[outputs[i].output_index()], output_grads[i]);
  }

  for (auto step = history.steps.rbegin(); step != history.steps.rend(); ++step) {
    Node* node = step->node.get();
    const auto found = grads.find(node);
    if (found == grads.end()) continue;
    const std::vector<Array> node_outputs = step->outputs();
    const size_t count = step->inputs.size();
    const auto needs = std::make_unique<bool[]>(count);
    for (size_t i = 0; i < count; ++i) {
      needs[i] = history.depends(step->inputs[i]) && is_inexact(step->inputs[i].dtype());
    }
    const std::vector<Array> node_grads = found->second;
    const auto input_grads =
        node_vjp(*node->op, {.attrs = node->attrs.get(),
                             .inputs = step->inputs,
                             .outputs = node_outputs,
                             .output_grads = node_grads,
                             .needs_grad = std::span<const bool>(needs.get(), count)});
    for (size_t i = 0; i < count; ++i) {
      if (needs[i] && input_grads[i].defined()) {
        accumulate(grads_of(step->inputs[i].node())[step->inputs[i].output_index()],
                   input_grads[i]);
      }
    }
  }

  std::vector<Array> results;
  for (const Array& input : inputs) {
    const auto found = grads.find(input.node());
    Array grad = found == grads.end() ? Array() : found->second[input.output_index()];
    results.push_back(grad.defined() ? grad : zeros_like(input));
  }
  return results;
}

}  // namespace danlu::transform
