#include <algorithm>
#include <unordered_set>

#include "danlu/base/thread.h"
#include "danlu/compile/compile.h"
#include "danlu/compile/run.h"
#include "danlu/core/graph.h"

namespace danlu {
namespace {

using internal::Node;
using internal::NodeRef;

bool is_ready(const Node* node) { return node->ready.load(std::memory_order_acquire); }

/// The pending roots, and every pending ancestor that an Array outside still holds.
std::vector<Array> pending_outputs(std::span<const Array> roots) {
  std::vector<Array> outputs;
  std::unordered_set<const Node*> seen;
  struct Frame {
    Node* node;
    size_t next;
  };
  std::vector<Frame> stack;
  for (const Array& root : roots) {
    if (!root.defined() || is_ready(root.node())) continue;
    if (seen.insert(root.node()).second) stack.push_back({root.node(), 0});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next < frame.node->inputs.size()) {
        Node* child = frame.node->inputs[frame.next++].node.get();
        if (!is_ready(child) && seen.insert(child).second) stack.push_back({child, 0});
        continue;
      }
      Node* node = frame.node;
      stack.pop_back();
      // All outputs of a node are kept or none, so that an evaluated node is complete.
      const bool held = std::any_of(
          node->outputs.begin(), node->outputs.end(),
          [](const Node::Output& o) { return o.handles.load(std::memory_order_relaxed) > 0; });
      for (size_t i = 0; held && i < node->outputs.size(); ++i) {
        outputs.push_back(Array::wrap(NodeRef(node), static_cast<int>(i)));
      }
    }
  }
  return outputs;
}

/// Hands the results to their nodes and lets the nodes' inputs go.
void store(std::span<const Array> outputs, std::vector<std::shared_ptr<Buffer>> buffers) {
  std::vector<internal::NodeValue> released;
  {
    const std::lock_guard lock(internal::graph_mutex());
    for (size_t i = 0; i < outputs.size(); ++i) {
      Node* node = outputs[i].node();
      if (!is_ready(node)) {
        node->outputs[outputs[i].output_index()].buffer = std::move(buffers[i]);
      }
    }
    for (const Array& output : outputs) {
      Node* node = output.node();
      if (is_ready(node)) continue;
      node->ready.store(true, std::memory_order_release);
      if (node->keep_inputs && internal::GradientScope::active()) continue;
      for (internal::NodeValue& input : node->inputs) released.push_back(std::move(input));
      node->inputs.clear();
    }
  }
}

}  // namespace

std::vector<std::shared_ptr<Buffer>> run_pooled(InstancePool& pool, std::span<const Array> inputs) {
  const Program& program = pool.program();
  std::vector<const void*> in;
  in.reserve(inputs.size());
  for (const Array& input : inputs) in.push_back(input.data());
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::vector<void*> out;
  for (const TensorSpec& spec : program.outputs) {
    buffers.push_back(Buffer::allocate(spec.bytes()));
    out.push_back(buffers.back()->data());
  }
  auto instance = pool.take();
  run_instance(*instance, in, out);
  pool.give_back(std::move(instance));
  return buffers;
}

void evaluate(std::span<const Array> arrays) {
  check_not_forked();
  std::vector<Array> outputs;
  Trace trace;
  {
    const std::lock_guard lock(internal::graph_mutex());
    outputs = pending_outputs(arrays);
    if (outputs.empty()) return;
    trace = trace_graph_locked({}, outputs);
  }
  const auto pool = cached_program(trace.graph, current_options());
  store(outputs, run_pooled(*pool, trace.captures));
}

}  // namespace danlu
