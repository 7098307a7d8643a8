#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/control/control.h"
#include "danlu/ops/control/control_record.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batching.h"
#include "danlu/ops/transform/forward.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu {
namespace {

using transform::Inputs;

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& branches = c.attrs_as<SwitchAttrs>().branches;
  if (branches.empty() || c.inputs.empty()) {
    throw ValueError({.where = c.where(),
                      .what = "There is nothing to choose from",
                      .expected = "at least one branch, and an index",
                      .received = std::to_string(branches.size()) + " branches and " +
                                  std::to_string(c.inputs.size()) + " inputs"});
  }
  control::require_spec(c.where(), "The index is no int32 scalar", {Shape{}, DType::int32},
                        c.inputs[0]);
  const auto outputs = control::output_specs(control::checked(c, branches[0]));
  for (const GraphPtr& branch : branches) {
    control::require_specs(c, 1, control::input_specs(control::checked(c, branch)));
    const auto others = control::output_specs(*branch);
    if (others.size() != outputs.size()) {
      throw ValueError({.where = c.where(),
                        .what = "The branches return different numbers of Arrays",
                        .expected = std::to_string(outputs.size()),
                        .received = std::to_string(others.size())});
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      control::require_spec(c.where(), "The branches return different Arrays", outputs[i],
                            others[i]);
    }
  }
  return outputs;
}

/// Branches that each make something else of the same operands.
using Rewrite = std::function<std::vector<Array>(const Graph& branch, std::span<const Array>)>;

std::vector<Array> rewritten(const Array& index, const SwitchAttrs& attrs,
                             const std::vector<Array>& operands, const Rewrite& rewrite) {
  std::vector<control::Body> branches;
  for (const GraphPtr& branch : attrs.branches) {
    branches.push_back(
        [&rewrite, branch](std::span<const Array> x) { return rewrite(*branch, x); });
  }
  return control::switch_call(index, branches, operands);
}

/// The branch that was taken runs again and is differentiated; the others cost nothing.
std::vector<Array> vjp(const GradContext& c) {
  std::vector<size_t> wanted, given;
  std::vector<Array> operands(c.inputs.begin() + 1, c.inputs.end());
  const size_t count = operands.size();
  for (size_t i = 0; i < count; ++i) {
    if (c.needs_grad[i + 1]) wanted.push_back(i);
  }
  for (size_t i = 0; i < c.output_grads.size(); ++i) {
    if (!c.output_grads[i].defined()) continue;
    given.push_back(i);
    operands.push_back(c.output_grads[i]);
  }
  std::vector<Array> grads(c.inputs.size());
  if (wanted.empty() || given.empty()) return grads;
  const auto results =
      rewritten(c.inputs[0], c.attrs_as<SwitchAttrs>(), operands,
                [&](const Graph& branch, std::span<const Array> x) {
                  const auto outputs = call_graph(branch, x.first(count));
                  std::vector<Array> reached, seeds, sources;
                  for (size_t i = 0; i < given.size(); ++i) {
                    reached.push_back(outputs[given[i]]);
                    seeds.push_back(x[count + i]);
                  }
                  for (size_t i : wanted) sources.push_back(x[i]);
                  return transform::vjp_between(reached, seeds, sources, Inputs::independent);
                });
  for (size_t i = 0; i < wanted.size(); ++i) grads[wanted[i] + 1] = results[i];
  return grads;
}

std::vector<Array> jvp(const GradContext& c, std::span<const Array> tangents) {
  std::vector<size_t> given, wanted;
  std::vector<Array> operands(c.inputs.begin() + 1, c.inputs.end());
  const size_t count = operands.size();
  for (size_t i = 0; i < count; ++i) {
    if (!tangents[i + 1].defined()) continue;
    given.push_back(i);
    operands.push_back(tangents[i + 1]);
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    if (is_inexact(c.outputs[i].dtype())) wanted.push_back(i);
  }
  std::vector<Array> results(c.outputs.size());
  if (wanted.empty() || given.empty()) return results;
  const auto found = rewritten(c.inputs[0], c.attrs_as<SwitchAttrs>(), operands,
                               [&](const Graph& branch, std::span<const Array> x) {
                                 const auto outputs = call_graph(branch, x.first(count));
                                 std::vector<Array> reached, sources;
                                 for (size_t i : wanted) reached.push_back(outputs[i]);
                                 for (size_t i : given) sources.push_back(x[i]);
                                 auto derivatives =
                                     transform::jvp_between(reached, sources, x.subspan(count));
                                 for (size_t i = 0; i < reached.size(); ++i) {
                                   derivatives[i] = control::or_zeros(derivatives[i], reached[i]);
                                 }
                                 return derivatives;
                               });
  for (size_t i = 0; i < wanted.size(); ++i) results[wanted[i]] = found[i];
  return results;
}

/// With an index per element every branch runs for all, and each element takes its own result.
std::vector<Array> select_branches(const BatchContext& c, const std::vector<bool>& batched) {
  const auto& branches = c.attrs_as<SwitchAttrs>().branches;
  const Array last = Array::scalar(static_cast<double>(branches.size()) - 1, DType::int32);
  const Array index = clip(c.inputs[0], Array::scalar(0, DType::int32), last);
  std::vector<Array> results;
  for (size_t k = 0; k < branches.size(); ++k) {
    std::vector<bool> all(c.outputs.size(), true);
    const auto body = transform::batch_graph(*branches[k], batched, c.size, all);
    std::vector<Array> inputs(c.inputs.begin() + 1, c.inputs.end());
    inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
    const auto outputs = call_graph(*body.graph, inputs);
    if (k == 0) {
      results = outputs;
      continue;
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::vector<int64_t> dims(static_cast<size_t>(outputs[i].rank()), 1);
      dims[0] = c.size;
      const Array chosen = index == Array::scalar(static_cast<double>(k), DType::int32);
      results[i] = where(reshape(chosen, Shape(dims)), outputs[i], results[i]);
    }
  }
  return results;
}

std::vector<Array> batch(const BatchContext& c) {
  const std::vector<bool> batched(c.batched.begin() + 1, c.batched.end());
  if (c.batched[0]) return select_branches(c, batched);
  std::vector<control::Body> branches;
  for (const GraphPtr& branch : c.attrs_as<SwitchAttrs>().branches) {
    std::vector<bool> all(c.outputs.size(), true);
    const auto body = transform::batch_graph(*branch, batched, c.size, all);
    branches.push_back([body](std::span<const Array> x) {
      std::vector<Array> inputs(x.begin(), x.end());
      inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
      return call_graph(*body.graph, inputs);
    });
  }
  return control::switch_call(c.inputs[0], branches, c.inputs.subspan(1));
}

std::vector<OpSample> samples() {
  const TensorSpec vector{Shape{3}, DType::float64}, matrix{Shape{2, 3}, DType::float64};
  const auto sample = [&](std::string label, double index) {
    const std::vector<TensorSpec> operands = {vector, matrix};
    const auto graph = [&](auto body) { return control::graph_of(operands, body); };
    SwitchAttrs attrs;
    attrs.branches = {graph([](std::span<const Array> x) {
                        return std::vector{x[0] * x[1], exp(x[0])};
                      }),
                      graph([](std::span<const Array> x) {
                        return std::vector{sin(x[1]) + x[0], x[0]};
                      }),
                      graph([](std::span<const Array> x) {
                        return std::vector{x[1] * x[1], tanh(x[0]) * x[0]};
                      })};
    return OpSample{.label = std::move(label),
                    .inputs = {{Shape{}, DType::int32}, vector, matrix},
                    .attrs = make_attrs(std::move(attrs)),
                    .fill = [index](int input, std::span<double> values) {
                      if (input == 0) values[0] = index;
                    }};
  };
  return {sample("first", 0), sample("second", 1), sample("beyond the last", 7),
          sample("before the first", -3)};
}

}  // namespace

const OpDef& switch_op() {
  static const OpDef op{
      .name = "switch",
      .num_inputs = -1,
      .infer = infer,
      .vjp = vjp,
      .jvp = jvp,
      .batch = batch,
      .fault_text = control::fault_text,
      .samples = samples,
      .doc = "Runs the one of several subgraphs that the index names.",
  };
  return op;
}

std::vector<Array> control::switch_call(const Array& index, std::span<const Body> branches,
                                        std::span<const Array> operands) {
  const std::vector<Array> arguments = placeholders(specs_of(operands));
  std::vector<std::vector<Array>> outputs;
  const internal::TraceScope scope;
  for (const Body& branch : branches) outputs.push_back(branch(arguments));
  return switch_traced(index, arguments, outputs, operands, scope);
}

std::vector<Array> control::switch_traced(const Array& index, std::span<const Array> arguments,
                                          std::vector<std::vector<Array>> outputs,
                                          std::span<const Array> operands,
                                          const internal::TraceScope& scope) {
  // A bare number that one branch returns takes the dtype of the others.
  for (size_t i = 0; !outputs.empty() && i < outputs[0].size(); ++i) {
    DType dtype = DType::bool_;
    bool strong = false;
    for (const auto& branch : outputs) {
      if (i >= branch.size() || branch[i].is_weak()) continue;
      dtype = branch[i].dtype();
      strong = true;
    }
    for (auto& branch : outputs) {
      if (strong && i < branch.size() && branch[i].is_weak()) branch[i] = cast(branch[i], dtype);
    }
  }
  // Every branch gets the captures of all.
  std::vector<Array> leaves(arguments.begin(), arguments.end());
  std::vector<Array> inputs = {index};
  inputs.insert(inputs.end(), operands.begin(), operands.end());
  for (const auto& branch : outputs) {
    const auto captures = transform::trace_subgraph(leaves, branch, &scope).captures;
    leaves.insert(leaves.end(), captures.begin(), captures.end());
    inputs.insert(inputs.end(), captures.begin(), captures.end());
  }
  SwitchAttrs attrs;
  for (const auto& branch : outputs) {
    attrs.branches.push_back(transform::trace_subgraph(leaves, branch, &scope).graph);
  }
  return make_op_outputs(switch_op(), inputs, make_attrs(std::move(attrs)));
}

}  // namespace danlu
