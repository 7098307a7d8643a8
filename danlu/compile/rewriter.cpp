#include "danlu/compile/rewriter.h"

#include <cstring>

#include "danlu/compile/passes.h"

namespace danlu::compile {

std::vector<bool> needed_nodes(const Graph& graph) {
  std::vector<bool> needed(graph.nodes.size(), false);
  for (ValueId v : graph.outputs) needed[v.node] = true;
  for (const auto& [name, v] : graph.named_outputs) needed[v.node] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (ValueId v : graph.nodes[i].inputs) needed[v.node] = true;
  }
  return needed;
}

Graph without_dead_nodes(const Graph& graph) {
  const auto needed = needed_nodes(graph);
  Graph result;
  std::vector<uint32_t> ids(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (!node.is_input() && !needed[i]) continue;
    ids[i] = static_cast<uint32_t>(result.nodes.size());
    GraphNode copy = node;
    for (ValueId& v : copy.inputs) v.node = ids[v.node];
    result.nodes.push_back(std::move(copy));
  }
  for (uint32_t input : graph.inputs) result.inputs.push_back(ids[input]);
  for (ValueId v : graph.outputs) result.outputs.push_back({ids[v.node], v.index});
  for (const auto& [name, v] : graph.named_outputs) {
    result.named_outputs.emplace_back(name, ValueId{ids[v.node], v.index});
  }
  return result;
}

std::vector<std::vector<int>> count_uses(const Graph& graph) {
  std::vector<std::vector<int>> uses(graph.nodes.size());
  for (size_t i = 0; i < uses.size(); ++i) uses[i].resize(graph.nodes[i].outputs.size());
  for (const GraphNode& node : graph.nodes) {
    for (ValueId v : node.inputs) ++uses[v.node][v.index];
  }
  for (ValueId v : graph.outputs) ++uses[v.node][v.index];
  for (const auto& [name, v] : graph.named_outputs) ++uses[v.node][v.index];
  return uses;
}

Rewriter::Rewriter(const Graph& source) : source_(source), needed_(needed_nodes(source)) {
  map_.resize(source.nodes.size());
  for (size_t i = 0; i < source.nodes.size(); ++i) {
    map_[i].resize(source.nodes[i].outputs.size());
  }
  for (uint32_t i = 0; i < source.nodes.size(); ++i) {
    const GraphNode& node = source.nodes[i];
    if (node.is_input()) {
      map_[i][0] = result_.add_input(node.outputs[0], node.scalar_class);
    } else if (node.constant) {
      map_[i][0] = {static_cast<uint32_t>(result_.nodes.size()), 0};
      result_.nodes.push_back(node);
    }
  }
}

ValueId Rewriter::constant(const Array& value) {
  const size_t bytes = value.spec().bytes();
  for (uint32_t i = 0; i < result_.nodes.size(); ++i) {
    const GraphNode& node = result_.nodes[i];
    if (node.constant && node.outputs[0] == value.spec() &&
        std::memcmp(node.constant->data(), value.data(), bytes) == 0) {
      return {i, 0};
    }
  }
  return result_.add_constant(value);
}

std::vector<ValueId> Rewriter::mapped_inputs(const GraphNode& old_node) const {
  std::vector<ValueId> inputs;
  inputs.reserve(old_node.inputs.size());
  for (ValueId v : old_node.inputs) inputs.push_back(mapped(v));
  return inputs;
}

void Rewriter::set_all(uint32_t old_node, uint32_t new_node) {
  for (uint32_t i = 0; i < map_[old_node].size(); ++i) map_[old_node][i] = {new_node, i};
}

uint32_t Rewriter::emit(const OpDef& op, AttrsPtr attrs, std::vector<ValueId> inputs) {
  size_t hash = reinterpret_cast<size_t>(&op);
  if (attrs) hash = internal::hash_combine(hash, attrs->hash());
  for (ValueId v : inputs) hash = internal::hash_combine(hash, (size_t{v.node} << 8) | v.index);
  if (!op.random) {
    const auto [first, last] = by_hash_.equal_range(hash);
    for (auto it = first; it != last; ++it) {
      const GraphNode& node = result_.nodes[it->second];
      if (node.op == &op && node.inputs == inputs && !node.attrs == !attrs &&
          (!attrs || attrs->equals(*node.attrs))) {
        return it->second;
      }
    }
  }
  const uint32_t id = result_.add_node(op, std::move(attrs), std::move(inputs));
  by_hash_.emplace(hash, id);
  return id;
}

void Rewriter::keep(uint32_t old_node) {
  const GraphNode& node = source_.nodes[old_node];
  set_all(old_node, emit(*node.op, node.attrs, mapped_inputs(node)));
}

std::vector<ValueId> Rewriter::inline_graph(const Trace& trace, std::vector<ValueId> inputs) {
  const Graph& body = trace.graph;
  for (const Array& capture : trace.captures) inputs.push_back(constant(capture));
  std::vector<std::vector<ValueId>> values(body.nodes.size());
  for (size_t i = 0; i < body.inputs.size(); ++i) values[body.inputs[i]] = {inputs[i]};
  for (size_t i = 0; i < body.nodes.size(); ++i) {
    const GraphNode& node = body.nodes[i];
    if (node.op == nullptr) continue;
    std::vector<ValueId> arguments;
    for (ValueId v : node.inputs) arguments.push_back(values[v.node][v.index]);
    const uint32_t id = emit(*node.op, node.attrs, std::move(arguments));
    for (uint32_t j = 0; j < node.outputs.size(); ++j) values[i].push_back({id, j});
  }
  std::vector<ValueId> outputs;
  for (ValueId v : body.outputs) outputs.push_back(values[v.node][v.index]);
  return outputs;
}

Graph Rewriter::finish() {
  for (ValueId v : source_.outputs) result_.outputs.push_back(mapped(v));
  for (const auto& [name, v] : source_.named_outputs) {
    result_.named_outputs.emplace_back(name, mapped(v));
  }
  return without_dead_nodes(result_);
}

}  // namespace danlu::compile
