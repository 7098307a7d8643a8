#include "danlu/ops/transform/history.h"

#include <mutex>

#include "danlu/ops/registry.h"

namespace danlu::transform {

using internal::Node;
using internal::NodeRef;

std::vector<Array> Step::outputs() const {
  std::vector<Array> arrays;
  for (size_t i = 0; i < node->outputs.size(); ++i) {
    arrays.push_back(Array::wrap(node, static_cast<int>(i)));
  }
  return arrays;
}

History collect(std::span<const Array> outputs, std::span<const Array> inputs, Inputs kind,
                const internal::TraceScope* scope) {
  History history;
  std::unordered_set<const Node*> seen;
  for (const Array& input : inputs) {
    history.dependent.insert(input.node());
    // What lies below an input matters only to the other inputs.
    if (kind == Inputs::independent || inputs.size() == 1) seen.insert(input.node());
  }
  const std::lock_guard lock(internal::graph_mutex());
  struct Frame {
    Node* node;
    size_t next;
  };
  std::vector<Frame> stack;
  for (const Array& output : outputs) {
    const Node& root = *output.node();
    if (root.op && root.op->num_inputs != 0 && root.inputs.empty()) history.released = true;
    if (!seen.insert(output.node()).second) continue;
    stack.push_back({output.node(), 0});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next < frame.node->inputs.size()) {
        Node* child = frame.node->inputs[frame.next++].node.get();
        if (seen.insert(child).second) stack.push_back({child, 0});
        continue;
      }
      Node* node = frame.node;
      stack.pop_back();
      bool depends = scope != nullptr && scope->contains(node) && !node->ready.load();
      for (const auto& input : node->inputs) {
        depends |= history.dependent.contains(input.node.get());
      }
      if (!depends) continue;
      history.dependent.insert(node);
      Step step{.node = NodeRef(node)};
      for (const auto& input : node->inputs) {
        step.inputs.push_back(Array::wrap(input.node, input.index));
      }
      history.steps.push_back(std::move(step));
    }
  }
  return history;
}

Array gradient_source(const Array& x) {
  Array source = make_op(copy_op(), {x});
  source.node()->keep_inputs = true;
  return source;
}

}  // namespace danlu::transform
