#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "danlu/core/graph.h"

namespace danlu::compile {

/// Builds a new Graph from an old one, node by node: keeps the inputs, leaves out what no output
/// needs, merges equal nodes, and remembers where every old value went.
class Rewriter {
 public:
  explicit Rewriter(const Graph& source);

  const Graph& source() const { return source_; }
  Graph& graph() { return result_; }
  /// Whether an output depends on the old node.
  bool needed(uint32_t old_node) const { return needed_[old_node]; }
  /// Where an old value is now.
  ValueId mapped(ValueId old_value) const { return map_[old_value.node][old_value.index]; }
  std::vector<ValueId> mapped_inputs(const GraphNode& old_node) const;
  void set(ValueId old_value, ValueId now) { map_[old_value.node][old_value.index] = now; }
  void set_all(uint32_t old_node, uint32_t new_node);

  /// A node of the new graph; an equal one that is there already is used again.
  uint32_t emit(const OpDef& op, AttrsPtr attrs, std::vector<ValueId> inputs);
  ValueId emit_value(const OpDef& op, AttrsPtr attrs, std::vector<ValueId> inputs) {
    return {emit(op, std::move(attrs), std::move(inputs)), 0};
  }
  /// A value known to the compiler; equal scalars become one.
  ValueId constant(const Array& value);
  /// Copies the old node as it is onto the mapped inputs.
  void keep(uint32_t old_node);
  /// Puts `body`, whose inputs are these new values, and then constants, into the new graph; its
  /// outputs.
  std::vector<ValueId> inline_graph(const Trace& body, std::vector<ValueId> inputs);

  /// The finished graph: outputs mapped, unreachable nodes dropped.
  Graph finish();

 private:
  const Graph& source_;
  Graph result_;
  std::vector<bool> needed_;
  std::vector<std::vector<ValueId>> map_;
  std::unordered_multimap<size_t, uint32_t> by_hash_;
};

/// Which nodes the outputs depend on.
std::vector<bool> needed_nodes(const Graph& graph);
/// The graph without nodes that no output needs; inputs stay.
Graph without_dead_nodes(const Graph& graph);

}  // namespace danlu::compile
