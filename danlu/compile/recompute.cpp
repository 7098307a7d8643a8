#include <algorithm>

#include "danlu/compile/passes.h"
#include "danlu/compile/tile_groups.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

/// Smaller values stay in a cache until they are used again.
constexpr int64_t kLarge = 1 << 14;
constexpr int kLongestChain = 3;

/// A cast, a sum, a difference or a product of one large operand and small ones costs less inside
/// each tile program that uses it than a trip through memory; the operand has no more bytes than
/// the value, so that keeping it instead costs nothing either.
class Recomputer {
 public:
  explicit Recomputer(const Graph& graph)
      : graph_(graph), cheap_(graph.nodes.size(), false), map_(graph.nodes.size()) {
    std::vector<int> users(graph.nodes.size(), 0);
    std::vector<bool> stays(graph.nodes.size(), false);  // somebody wants it in memory
    for (const GraphNode& node : graph.nodes) {
      for (const ValueId v : node.inputs) {
        ++users[v.node];
        if (!joins(node, graph.spec(v).shape)) stays[v.node] = true;
      }
    }
    for (const ValueId v : graph.outputs) stays[v.node] = true;
    for (const auto& [name, v] : graph.named_outputs) stays[v.node] = true;
    std::vector<int> chain(graph.nodes.size(), 0);
    for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
      const GraphNode& node = graph.nodes[i];
      if (users[i] < 2 || stays[i] || !is_cheap(node)) continue;
      for (const ValueId v : node.inputs) chain[i] = std::max(chain[i], chain[v.node] + 1);
      cheap_[i] = chain[i] <= kLongestChain;
      if (!cheap_[i]) chain[i] = 0;
    }
  }

  Graph run() {
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode& node = graph_.nodes[i];
      if (node.is_input()) {
        map_[i] = result_.add_input(node.outputs[0], node.scalar_class).node;
      } else if (node.constant) {
        map_[i] = static_cast<uint32_t>(result_.nodes.size());
        result_.nodes.push_back(node);
      } else if (!cheap_[i]) {
        map_[i] = copy(i);
      }
    }
    for (const ValueId v : graph_.outputs) result_.outputs.push_back({map_[v.node], v.index});
    for (const auto& [name, v] : graph_.named_outputs) {
      result_.named_outputs.emplace_back(name, ValueId{map_[v.node], v.index});
    }
    return std::move(result_);
  }

 private:
  /// Whether the node may share a tile program with an operand of `shape`.
  bool joins(const GraphNode& node, const Shape& shape) const {
    return is_tileable(node, graph_) ? node.outputs[0].shape == shape
                                     : epilogue_of(node, graph_).has_value();
  }

  bool is_cheap(const GraphNode& node) const {
    static const OpDef* const ops[] = {&cast_op(), &add_op(), &subtract_op(), &multiply_op()};
    if (std::find(std::begin(ops), std::end(ops), node.op) == std::end(ops) ||
        !is_tileable(node, graph_)) {
      return false;
    }
    const TensorSpec& value = node.outputs[0];
    const int64_t size = value.shape.num_elements();
    if (size < kLarge) return false;
    int large = 0;
    for (const ValueId v : node.inputs) {
      const TensorSpec& operand = graph_.spec(v);
      if (operand.shape.num_elements() * 16 <= size) continue;
      if (graph_.nodes[v.node].op == nullptr || operand.bytes() > value.bytes()) return false;
      ++large;
    }
    return large == 1;
  }

  uint32_t copy(uint32_t i) {
    const GraphNode& node = graph_.nodes[i];
    std::vector<ValueId> inputs;
    for (const ValueId v : node.inputs) {
      inputs.push_back({cheap_[v.node] ? copy(v.node) : map_[v.node], v.index});
    }
    return result_.add_node(*node.op, node.attrs, std::move(inputs));
  }

  const Graph& graph_;
  std::vector<bool> cheap_;
  std::vector<uint32_t> map_;
  Graph result_;
};

}  // namespace

Graph recompute(const Graph& graph) { return Recomputer(graph).run(); }

}  // namespace danlu::compile
