#include <map>
#include <utility>

#include "danlu/ops/control/scan_record.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/reverse.h"
#include "danlu/ops/transform/subgraph.h"

namespace danlu::scanning {
namespace {

using control::joined;
using control::part;
using transform::History;
using transform::Inputs;

/// One step of the forward scan on placeholders, and its derivative by them.
struct StepDerivative {
  std::vector<Array> inputs;     ///< carry, elements, captures
  std::vector<Array> outputs;    ///< carry, results
  std::vector<Array> seeds;      ///< gradients of the moving carries, then of the given results
  std::vector<Array> gradients;  ///< of the moving carries, wanted elements, wanted captures
};

/// Which parts of the scan take part.
struct Selection {
  std::vector<size_t> moving;    ///< floating carries
  std::vector<size_t> given;     ///< results whose gradient is there
  std::vector<size_t> elements;  ///< sequences that want a gradient
  std::vector<size_t> captures;  ///< captures that want one
};

Selection select(const GradContext& c, size_t n, size_t m) {
  Selection s;
  for (size_t i = 0; i < n; ++i) {
    if (is_inexact(c.inputs[i].dtype())) s.moving.push_back(i);
  }
  for (size_t i = n; i < c.outputs.size(); ++i) {
    if (c.output_grads[i].defined()) s.given.push_back(i - n);
  }
  for (size_t i = n; i < c.inputs.size(); ++i) {
    if (c.needs_grad[i])
      (i < n + m ? s.elements : s.captures).push_back(i < n + m ? i - n : i - n - m);
  }
  return s;
}

StepDerivative differentiate_step(const ScanAttrs& attrs, const Selection& s) {
  const auto n = static_cast<size_t>(attrs.num_carry), m = static_cast<size_t>(attrs.num_sequences);
  StepDerivative step;
  step.inputs = control::placeholders(control::input_specs(*attrs.body));
  step.outputs = call_graph(*attrs.body, step.inputs);
  std::vector<Array> reached, sources;
  for (size_t i : s.moving) {
    reached.push_back(step.outputs[i]);
    sources.push_back(step.inputs[i]);
  }
  for (size_t i : s.given) reached.push_back(step.outputs[n + i]);
  for (size_t i : s.elements) sources.push_back(step.inputs[n + i]);
  for (size_t i : s.captures) sources.push_back(step.inputs[n + m + i]);
  step.seeds = control::placeholders(control::specs_of(reached));
  step.gradients = transform::vjp_between(reached, step.seeds, sources, Inputs::independent);
  return step;
}

/// The values that the derivative of a step takes from the step itself.
std::vector<Array> values_of_the_step(const StepDerivative& step) {
  const History history = transform::collect(step.gradients, step.seeds, Inputs::independent);
  std::map<std::pair<const internal::Node*, int>, Array> found;
  const auto note = [&](const Array& x) {
    if (!history.depends(x)) found.try_emplace({x.node(), x.output_index()}, x);
  };
  std::vector<Array> values;
  for (const auto& node : history.steps) {
    for (const Array& input : node.inputs) {
      const size_t before = found.size();
      note(input);
      if (found.size() > before) values.push_back(input);
    }
  }
  for (const Array& gradient : step.gradients) {
    const size_t before = found.size();
    note(gradient);
    if (found.size() > before) values.push_back(gradient);
  }
  return values;
}

/// What the backward scan reads besides gradients: its body knows it as `leaf`.
struct Kept {
  std::vector<Array> sequence_leaves, sequences;  ///< one element per step
  std::vector<Array> shared_leaves, shared;       ///< the same for all steps
};

/// The forward scan once more, with `values` of each step among its results; the compiler makes one
/// of the two.
std::vector<Array> keep_values(const GradContext& c, const StepDerivative& step,
                               const std::vector<Array>& values) {
  ScanAttrs attrs = c.attrs_as<ScanAttrs>();
  auto outputs = step.outputs;
  outputs.insert(outputs.end(), values.begin(), values.end());
  const auto traced = transform::trace_subgraph(step.inputs, outputs);
  attrs.base = attrs.body;
  attrs.body = traced.graph;
  std::vector<Array> inputs(c.inputs.begin(), c.inputs.end());
  inputs.insert(inputs.end(), traced.captures.begin(), traced.captures.end());
  const auto results = make_op_outputs(scan_op(), inputs, make_attrs(std::move(attrs)));
  return part(results, step.outputs.size(), values.size());
}

Kept keep(const GradContext& c, const StepDerivative& step) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  const Parts x = parts_of(attrs, c.inputs);
  const size_t n = x.carry.size(), m = x.sequences.size();
  const auto captures = part(step.inputs, n + m, x.captures.size());
  const auto changing = part(step.inputs, 0, n + m);
  // Rematerializing, the derivative begins at the step's inputs and computes the rest anew.
  std::vector<Array> values = attrs.rematerialize ? step.inputs : values_of_the_step(step);
  const History from_step = transform::collect(values, changing, Inputs::independent);
  const History from_captures = transform::collect(values, captures, Inputs::independent);
  Kept kept;
  std::vector<Array> stored, invariants;
  for (const Array& value : values) {
    size_t element = 0;
    while (element < m && value.node() != step.inputs[n + element].node()) ++element;
    if (element < m) {
      kept.sequence_leaves.push_back(value);
      kept.sequences.push_back(x.sequences[element]);
    } else if (from_step.depends(value)) {
      stored.push_back(value);
    } else if (from_captures.depends(value)) {
      invariants.push_back(value);
    }
  }
  if (!stored.empty()) {
    const auto sequences = keep_values(c, step, stored);
    kept.sequence_leaves.insert(kept.sequence_leaves.end(), stored.begin(), stored.end());
    kept.sequences.insert(kept.sequences.end(), sequences.begin(), sequences.end());
  }
  kept.shared = transform::substitute(invariants, captures, x.captures);
  kept.shared_leaves = std::move(invariants);
  return kept;
}

}  // namespace

std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  const auto n = static_cast<size_t>(attrs.num_carry), m = static_cast<size_t>(attrs.num_sequences);
  const Selection s = select(c, n, m);
  std::vector<Array> grads(c.inputs.size());
  const StepDerivative step = differentiate_step(attrs, s);
  const Kept kept = keep(c, step);

  // Carried backwards: the gradients of the carries, and sums for the captures.
  std::vector<Array> carry, sums, results;
  for (size_t i : s.moving) carry.push_back(control::or_zeros(c.output_grads[i], c.outputs[i]));
  for (size_t i = 0; i < s.captures.size(); ++i) {
    const Array& capture = c.inputs[n + m + s.captures[i]];
    carry.push_back(control::or_zeros({}, capture));
    sums.push_back(make_placeholder(capture.spec()));
  }
  const size_t moving = s.moving.size(), elements = s.elements.size();
  results = part(step.gradients, 0, moving);
  for (size_t i = 0; i < sums.size(); ++i) {
    results.push_back(add(sums[i], step.gradients[moving + elements + i]));
  }
  for (size_t i = 0; i < elements; ++i) results.push_back(step.gradients[moving + i]);

  std::vector<Array> sequences;
  for (size_t i : s.given) sequences.push_back(c.output_grads[n + i]);
  const auto traced = transform::trace_subgraph(
      joined<Array>({part(step.seeds, 0, moving), sums, part(step.seeds, moving, s.given.size()),
                     kept.sequence_leaves, kept.shared_leaves}),
      results);
  const ScanAttrs backward{
      .body = traced.graph,
      .num_carry = static_cast<int64_t>(carry.size()),
      .num_sequences = static_cast<int64_t>(sequences.size() + kept.sequences.size()),
      .length = attrs.length,
      .reverse = !attrs.reverse,
      .rematerialize = attrs.rematerialize};
  const auto found = make_op_outputs(
      scan_op(), joined<Array>({carry, sequences, kept.sequences, kept.shared, traced.captures}),
      make_attrs(backward));
  for (size_t i = 0; i < moving; ++i) grads[s.moving[i]] = found[i];
  for (size_t i = 0; i < sums.size(); ++i) grads[n + m + s.captures[i]] = found[moving + i];
  for (size_t i = 0; i < elements; ++i) grads[n + s.elements[i]] = found[carry.size() + i];
  return grads;
}

}  // namespace danlu::scanning
