#include "danlu/ops/transform/batching.h"

#include <memory>
#include <unordered_map>

#include "danlu/ops/manipulation.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/history.h"

namespace danlu::transform {

using internal::Node;

std::vector<Array> batch_decomposition(const BatchContext& c) {
  std::vector<Array> arguments, elements, values;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (!c.batched[i]) {
      arguments.push_back(c.inputs[i]);
      continue;
    }
    const TensorSpec& spec = c.inputs[i].spec();
    elements.push_back(make_placeholder({spec.shape.without_axis(0), spec.dtype}));
    values.push_back(c.inputs[i]);
    arguments.push_back(elements.back());
  }
  std::vector<Array> results;
  for (const Batched& output :
       batch_between(c.op->decompose(c.attrs.get(), arguments), elements, values, c.size)) {
    results.push_back(with_batch_axis(output, c.size));
  }
  return results;
}

std::vector<Array> batch_node(const BatchContext& c) {
  if (c.size == 0) {
    std::vector<Array> empty;
    for (const TensorSpec& spec : c.outputs) {
      empty.push_back(zeros(spec.shape.with_axis_inserted(0, 0), spec.dtype));
    }
    return empty;
  }
  if (c.op->batch) return c.op->batch(c);
  if (c.op->fusion == FusionKind::elementwise) return batching::elementwise(c);
  if (c.op->decompose) return batch_decomposition(c);
  return batching::one_by_one(c);
}

Array with_batch_axis(const Batched& x, int64_t size) {
  if (x.batched) return x.value;
  return broadcast_to(x.value, x.value.shape().with_axis_inserted(0, size));
}

std::vector<Batched> batch_between(std::span<const Array> outputs, std::span<const Array> elements,
                                   std::span<const Array> values, int64_t size) {
  std::unordered_map<const Node*, std::vector<Array>> found;
  for (size_t i = 0; i < elements.size(); ++i) found[elements[i].node()] = {values[i]};
  const auto batched_of = [&](const Array& x) -> Batched {
    const auto it = found.find(x.node());
    if (it == found.end()) return {x, false};
    return {it->second[x.output_index()], true};
  };
  const History history = collect(outputs, elements, Inputs::independent);
  for (const Step& step : history.steps) {
    const size_t count = step.inputs.size();
    std::vector<Array> inputs;
    const auto batched = std::make_unique<bool[]>(count);
    for (size_t i = 0; i < count; ++i) {
      Batched input = batched_of(step.inputs[i]);
      batched[i] = input.batched;
      inputs.push_back(std::move(input.value));
    }
    std::vector<TensorSpec> specs;
    for (const Node::Output& output : step.node->outputs) specs.push_back(output.spec);
    found[step.node.get()] = batch_node({.op = step.node->op,
                                         .attrs = step.node->attrs,
                                         .inputs = inputs,
                                         .batched = std::span<const bool>(batched.get(), count),
                                         .size = size,
                                         .outputs = specs});
  }
  std::vector<Batched> results;
  for (const Array& output : outputs) results.push_back(batched_of(output));
  return results;
}

Subgraph batch_graph(const Graph& graph, const std::vector<bool>& batched, int64_t size,
                     std::vector<bool>& outputs) {
  const std::vector<Array> arguments = placeholders_for(graph);
  std::vector<Array> inputs, elements, values;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TensorSpec& spec = arguments[i].spec();
    inputs.push_back(arguments[i]);
    if (!batched[i]) continue;
    inputs.back() = make_placeholder({spec.shape.with_axis_inserted(0, size), spec.dtype});
    elements.push_back(arguments[i]);
    values.push_back(inputs.back());
  }
  std::vector<Array> results;
  for (const Batched& output :
       batch_between(call_graph(graph, arguments), elements, values, size)) {
    const size_t j = results.size();
    outputs[j] = outputs[j] || output.batched;
    results.push_back(outputs[j] ? with_batch_axis(output, size) : output.value);
  }
  return trace_subgraph(inputs, results);
}

}  // namespace danlu::transform
