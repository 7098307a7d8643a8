#include "danlu/ops/transform/forward.h"

#include <memory>
#include <string>
#include <unordered_map>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/transform/history.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu::transform {
namespace {

using internal::Node;

std::vector<Array> elementwise_jvp(const OpDef& op, const GradContext& context,
                                   std::span<const Array> tangents) {
  const TensorSpec& out = context.outputs[0].spec();
  Array total;
  for (size_t i = 0; i < tangents.size(); ++i) {
    if (!tangents[i].defined()) continue;
    const Array local = op.derivative(context, static_cast<int>(i));
    if (!local.defined()) continue;
    const bool is_one = local.rank() == 0 && local.scalar_class() == ScalarClass::one;
    // A real function of complex numbers: the real part is taken of the product, not before.
    const bool complex = is_complex(tangents[i].dtype());
    const Array tangent = complex ? tangents[i] : cast(tangents[i], out.dtype);
    const Array term = cast(is_one ? tangent : multiply(local, tangent), out.dtype);
    total = total.defined() ? add(total, term) : term;
  }
  if (!total.defined()) return {Array()};
  return {broadcast_to(total, out.shape)};
}

/// The vjp is linear in the output gradients; its transpose is the jvp.
std::vector<Array> transposed_vjp(const OpDef& op, const GradContext& context,
                                  std::span<const Array> tangents) {
  const size_t count = context.inputs.size();
  std::vector<Array> duals(context.outputs.size()), duals_used;
  for (size_t i = 0; i < duals.size(); ++i) {
    if (!is_inexact(context.outputs[i].dtype())) continue;
    duals[i] = gradient_source(zeros_like(context.outputs[i]));
    duals_used.push_back(duals[i]);
  }
  std::vector<Array> results(context.outputs.size());
  if (duals_used.empty()) return results;
  const auto needs = std::make_unique<bool[]>(count);
  for (size_t i = 0; i < count; ++i) needs[i] = tangents[i].defined();
  GradContext reverse = context;
  reverse.output_grads = duals;
  reverse.needs_grad = std::span<const bool>(needs.get(), count);
  const std::vector<Array> grads = op.vjp(reverse);
  std::vector<Array> reached, seeds;
  for (size_t i = 0; i < count; ++i) {
    if (!needs[i] || !grads[i].defined()) continue;
    reached.push_back(grads[i]);
    seeds.push_back(tangents[i]);
  }
  if (reached.empty()) return results;
  const auto tangents_out = vjp_between(reached, seeds, duals_used, Inputs::independent);
  for (size_t i = 0, next = 0; i < results.size(); ++i) {
    if (duals[i].defined()) results[i] = tangents_out[next++];
  }
  return results;
}

std::vector<Array> node_jvp(const OpDef& op, const GradContext& context,
                            std::span<const Array> tangents) {
  if (op.jvp) return op.jvp(context, tangents);
  if (op.derivative) return elementwise_jvp(op, context, tangents);
  if (op.vjp) return transposed_vjp(op, context, tangents);
  if (op.decompose) {
    std::vector<Array> inputs;
    for (const Array& input : context.inputs) inputs.push_back(gradient_source(input));
    return jvp_between(op.decompose(context.attrs, inputs), inputs, tangents);
  }
  throw UnsupportedError({.where = "jvp",
                          .what = "The op '" + std::string(op.name) + "' has no derivative",
                          .hint = "put stop_gradient around it, or give it a custom_derivative"});
}

}  // namespace

std::vector<Array> jvp_between(std::span<const Array> outputs, std::span<const Array> inputs,
                               std::span<const Array> tangents) {
  std::unordered_map<const Node*, std::vector<Array>> found;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!tangents[i].defined() || !is_inexact(inputs[i].dtype())) continue;
    if (tangents[i].shape() != inputs[i].shape()) {
      throw ShapeError({.where = "jvp",
                        .what = "A tangent has another shape than its input",
                        .expected = inputs[i].shape().to_string(),
                        .received = tangents[i].shape().to_string()});
    }
    auto& entry = found[inputs[i].node()];
    entry.resize(inputs[i].node()->outputs.size());
    entry[inputs[i].output_index()] = cast(tangents[i], inputs[i].dtype());
  }
  const auto tangent_of = [&](const Array& x) {
    const auto it = found.find(x.node());
    return it == found.end() ? Array() : it->second[x.output_index()];
  };
  const History history = collect(outputs, inputs, Inputs::independent);
  bool reached = inputs.empty();
  for (const Array& output : outputs) reached |= history.depends(output);
  if (!reached && history.released) {
    throw StateError({.where = "jvp",
                      .what = "The result was evaluated before its tangent was asked for",
                      .expected = "an Array whose computation is still pending",
                      .hint = "use jvp(f, …), which keeps what it needs"});
  }
  for (const Step& step : history.steps) {
    std::vector<Array> step_tangents;
    bool any = false;
    for (const Array& input : step.inputs) {
      step_tangents.push_back(tangent_of(input));
      any |= step_tangents.back().defined();
    }
    if (!any) continue;
    const std::vector<Array> step_outputs = step.outputs();
    found[step.node.get()] =
        node_jvp(*step.node->op,
                 {.attrs = step.node->attrs.get(), .inputs = step.inputs, .outputs = step_outputs},
                 step_tangents);
  }
  std::vector<Array> results;
  for (const Array& output : outputs) results.push_back(tangent_of(output));
  return results;
}

}  // namespace danlu::transform
