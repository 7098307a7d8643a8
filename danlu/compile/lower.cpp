#include <algorithm>

#include "danlu/compile/passes.h"
#include "danlu/compile/rewriter.h"

namespace danlu::compile {
namespace {

/// The decomposition of one composite node as a graph on the node's inputs.
Trace decomposition(const GraphNode& node, const Graph& graph) {
  std::vector<Array> arguments;
  for (ValueId v : node.inputs) arguments.push_back(make_placeholder(graph.spec(v)));
  return trace_graph(arguments, node.op->decompose(node.attrs.get(), arguments));
}

bool is_composite(const GraphNode& node) {
  return node.op != nullptr && node.op->decompose && !has_cpu_kernels(*node.op);
}

}  // namespace

Graph lower(const Graph& graph) {
  Graph current = graph;
  while (std::any_of(current.nodes.begin(), current.nodes.end(), is_composite)) {
    Rewriter rewriter(current);
    for (uint32_t i = 0; i < current.nodes.size(); ++i) {
      const GraphNode& node = current.nodes[i];
      if (node.op == nullptr || !rewriter.needed(i)) continue;
      if (!is_composite(node)) {
        rewriter.keep(i);
        continue;
      }
      const auto outputs =
          rewriter.inline_graph(decomposition(node, current), rewriter.mapped_inputs(node));
      for (uint32_t j = 0; j < outputs.size(); ++j) rewriter.set({i, j}, outputs[j]);
    }
    current = rewriter.finish();
  }
  return current;
}

}  // namespace danlu::compile
