#include "danlu/ops/transform/subgraph.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "danlu/ops/registry.h"
#include "danlu/ops/transform/history.h"

namespace danlu::transform {
namespace {

using internal::Node;

class Tracer {
 public:
  void add_leaf(const Array& leaf) {
    ids_[key(leaf)] = graph_.add_input(leaf.spec(), leaf.scalar_class());
  }

  void add_step(const Step& step) {
    GraphNode node{.op = step.node->op, .attrs = step.node->attrs};
    for (const Array& input : step.inputs) node.inputs.push_back(id_of(input));
    add_node(step.node.get(), std::move(node));
  }

  ValueId id_of(const Array& x) {
    const auto found = ids_.find(key(x));
    if (found != ids_.end()) return found->second;
    if (const auto inputs = inputs_of_constant(x)) {
      GraphNode node{.op = x.node()->op, .attrs = x.node()->attrs};
      for (const Array& input : *inputs) node.inputs.push_back(id_of(input));
      add_node(x.node(), std::move(node));
    } else {
      captures_.push_back(x);
      add_leaf(x);
    }
    return ids_.at(key(x));
  }

  Subgraph finish(std::span<const Array> outputs) {
    for (const Array& output : outputs) graph_.outputs.push_back(id_of(output));
    return {std::make_shared<const Graph>(std::move(graph_)), std::move(captures_)};
  }

 private:
  using Key = std::pair<const Node*, int>;
  static Key key(const Array& x) { return {x.node(), x.output_index()}; }

  void add_node(const Node* from, GraphNode node) {
    const auto id = static_cast<uint32_t>(graph_.nodes.size());
    for (uint32_t i = 0; i < from->outputs.size(); ++i) {
      node.outputs.push_back(from->outputs[i].spec);
      ids_.try_emplace({from, static_cast<int>(i)}, ValueId{id, i});
    }
    graph_.nodes.push_back(std::move(node));
  }

  /// The inputs of a node that only repeats a number or counts: cheaper made anew than kept, and
  /// the compiler sees through it.
  static std::optional<std::vector<Array>> inputs_of_constant(const Array& x) {
    const std::lock_guard lock(internal::graph_mutex());
    const Node& node = *x.node();
    const OpDef* op = node.op;
    if (op != &broadcast_to_op() && op != &reshape_op() && op != &cast_op() && op != &iota_op()) {
      return std::nullopt;
    }
    if (node.ready.load(std::memory_order_acquire)) return std::nullopt;
    std::vector<Array> inputs;
    const Node* below = &node;
    while (below->op == &broadcast_to_op() || below->op == &reshape_op() ||
           below->op == &cast_op()) {
      if (below->inputs.empty()) return std::nullopt;
      below = below->inputs[0].node.get();
    }
    if (below->op != &iota_op() && below->scalar_class == ScalarClass::none) return std::nullopt;
    for (const auto& input : node.inputs) inputs.push_back(Array::wrap(input.node, input.index));
    return inputs;
  }

  Graph graph_;
  std::vector<Array> captures_;
  std::map<Key, ValueId> ids_;
};

}  // namespace

Subgraph trace_subgraph(std::span<const Array> leaves, std::span<const Array> outputs,
                        const internal::TraceScope* scope) {
  Tracer tracer;
  for (const Array& leaf : leaves) tracer.add_leaf(leaf);
  for (const Step& step : collect(outputs, leaves, Inputs::independent, scope).steps) {
    tracer.add_step(step);
  }
  return tracer.finish(outputs);
}

std::vector<Array> placeholders_for(const Graph& graph) {
  std::vector<Array> placeholders;
  for (uint32_t input : graph.inputs) {
    const GraphNode& node = graph.nodes[input];
    placeholders.push_back(make_placeholder(node.outputs[0]));
    placeholders.back().node()->scalar_class = node.scalar_class;
  }
  return placeholders;
}

std::vector<Array> substitute(std::span<const Array> arrays, std::span<const Array> leaves,
                              std::span<const Array> values) {
  const Subgraph subgraph = trace_subgraph(leaves, arrays);
  std::vector<Array> inputs(values.begin(), values.end());
  inputs.insert(inputs.end(), subgraph.captures.begin(), subgraph.captures.end());
  return call_graph(*subgraph.graph, inputs);
}

}  // namespace danlu::transform
