#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "danlu/compile/passes.h"
#include "danlu/compile/rewriter.h"
#include "danlu/ops/control/control_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

/// Whether `part` computes the first outputs of `whole`: the derivative of a scan runs it again
/// with more results.
bool is_part_of(const GraphNode& part, const GraphNode& whole) {
  const auto& a = attrs_as<ScanAttrs>(part.attrs);
  const auto& b = attrs_as<ScanAttrs>(whole.attrs);
  return a.num_carry == b.num_carry && a.num_sequences == b.num_sequences && a.length == b.length &&
         a.reverse == b.reverse && part.inputs.size() <= whole.inputs.size() &&
         std::equal(part.inputs.begin(), part.inputs.end(), whole.inputs.begin()) &&
         same_graph(a.body, b.base);
}

bool depends_on(const Graph& graph, uint32_t node, uint32_t on) {
  std::vector<bool> reached(graph.nodes.size(), false);
  reached[on] = true;
  for (uint32_t i = on + 1; i <= node; ++i) {
    for (ValueId v : graph.nodes[i].inputs) reached[i] = reached[i] || reached[v.node];
  }
  return reached[node];
}

/// The graph with its nodes in topological order; what nothing needs stays, for later passes.
Graph sorted(const Graph& graph) {
  Graph result;
  std::vector<std::optional<uint32_t>> place(graph.nodes.size());
  std::vector<std::pair<uint32_t, size_t>> stack;
  const auto visit = [&](uint32_t root) {
    if (!place[root]) stack.emplace_back(root, 0);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (place[node]) {
        stack.pop_back();
      } else if (next < graph.nodes[node].inputs.size()) {
        const uint32_t input = graph.nodes[node].inputs[next++].node;
        if (!place[input]) stack.emplace_back(input, 0);
      } else {
        place[node] = static_cast<uint32_t>(result.nodes.size());
        GraphNode copy = graph.nodes[node];
        for (ValueId& v : copy.inputs) v.node = *place[v.node];
        result.nodes.push_back(std::move(copy));
        stack.pop_back();
      }
    }
  };
  for (uint32_t input : graph.inputs) visit(input);  // in the order that callers know
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) visit(i);
  for (uint32_t input : graph.inputs) result.inputs.push_back(*place[input]);
  for (ValueId v : graph.outputs) result.outputs.push_back({*place[v.node], v.index});
  for (const auto& [name, v] : graph.named_outputs) {
    result.named_outputs.emplace_back(name, ValueId{*place[v.node], v.index});
  }
  return result;
}

/// {part, whole}, if there is such a pair.
std::optional<std::pair<uint32_t, uint32_t>> find_pair(const Graph& graph) {
  std::vector<uint32_t> scans;
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].op == &scan_op()) scans.push_back(i);
  }
  for (uint32_t part : scans) {
    for (uint32_t whole : scans) {
      if (part != whole && is_part_of(graph.nodes[part], graph.nodes[whole]) &&
          !depends_on(graph, std::max(part, whole), std::min(part, whole))) {
        return std::pair{part, whole};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Graph merge_scans(const Graph& graph) {
  Graph current = graph;
  while (const auto pair = find_pair(current)) {
    const auto redirect = [&](ValueId& v) {
      if (v.node == pair->first) v.node = pair->second;
    };
    for (GraphNode& node : current.nodes) {
      std::for_each(node.inputs.begin(), node.inputs.end(), redirect);
    }
    std::for_each(current.outputs.begin(), current.outputs.end(), redirect);
    for (auto& [name, v] : current.named_outputs) redirect(v);
    current = without_dead_nodes(sorted(current));
  }
  return current;
}

}  // namespace danlu::compile
