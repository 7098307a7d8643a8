#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"

namespace danlu {

/// A value inside a Graph: output `index` of node `node`; graph inputs are nodes without an op.
struct ValueId {
  uint32_t node = 0;
  uint32_t index = 0;
  friend auto operator<=>(const ValueId&, const ValueId&) = default;
};

/// A vertex of a Graph. Attributes may hold subgraphs (`std::shared_ptr<const Graph>`).
struct GraphNode {
  const OpDef* op = nullptr;  ///< null: a graph input or a constant
  AttrsPtr attrs;
  std::vector<ValueId> inputs;
  std::vector<TensorSpec> outputs;
  ScalarClass scalar_class = ScalarClass::none;  ///< of an input that is a host scalar
  std::shared_ptr<Buffer> constant;              ///< a value the compiler itself put in

  bool is_input() const { return op == nullptr && constant == nullptr; }
};

namespace internal {

/// Whether `check_graph` has found a Graph consistent. A copy may be changed, so it starts
/// unchecked.
class CheckedMark {
 public:
  CheckedMark() = default;
  CheckedMark(const CheckedMark&) noexcept {}
  CheckedMark& operator=(const CheckedMark&) noexcept {
    set_.store(false, std::memory_order_relaxed);
    return *this;
  }
  void set() { set_.store(true, std::memory_order_release); }
  explicit operator bool() const { return set_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> set_{false};
};

}  // namespace internal

/// A closed computation in flat form: what the compiler works on and what the program cache
/// compares. Nodes stand in topological order; `inputs` lists the nodes that are graph inputs.
struct Graph {
  std::vector<GraphNode> nodes;
  std::vector<uint32_t> inputs;
  std::vector<ValueId> outputs;
  /// Taps: values kept readable under a name. They are extra outputs after `outputs`.
  std::vector<std::pair<std::string, ValueId>> named_outputs;
  /// Set by `check_graph`, after which the Graph is not changed any more.
  mutable internal::CheckedMark checked;

  const TensorSpec& spec(ValueId v) const { return nodes[v.node].outputs[v.index]; }
  const GraphNode& node(ValueId v) const { return nodes[v.node]; }

  ValueId add_input(const TensorSpec& spec, ScalarClass scalar_class = ScalarClass::none);
  /// `value` must be evaluated.
  ValueId add_constant(const Array& value);
  /// Appends a node; its output specs come from `infer`.
  uint32_t add_node(const OpDef& op, AttrsPtr attrs, std::vector<ValueId> inputs);

  size_t hash() const;
  /// One line per node: `%3 = conv2d(%0, %1) {strides: [1, 1]} : float32(64, 26, 26, 32)`.
  std::string to_string() const;
};

bool operator==(const Graph& a, const Graph& b);

/// The graph that computes `outputs` from `inputs` (placeholders). Evaluated Arrays it meets
/// besides become further graph inputs, returned in `captures`. Thread-safe: takes `graph_mutex()`,
/// which the caller of `trace_graph_locked` already holds. Errors: StateError when a placeholder is
/// met that is not among `inputs`.
struct Trace {
  Graph graph;
  std::vector<Array> captures;
};
Trace trace_graph(std::span<const Array> inputs, std::span<const Array> outputs);
Trace trace_graph_locked(std::span<const Array> inputs, std::span<const Array> outputs);

/// Rebuilds `graph` as lazy Arrays on `inputs`: the outputs, then the named outputs.
std::vector<Array> call_graph(const Graph& graph, std::span<const Array> inputs);

}  // namespace danlu
