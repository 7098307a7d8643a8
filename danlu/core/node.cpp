#include "danlu/core/node.h"

#include <cmath>
#include <utility>

namespace danlu {

ScalarClass classify_scalar(double value) {
  if (value == 0.0) return std::signbit(value) ? ScalarClass::other : ScalarClass::zero;
  if (value == 1.0) return ScalarClass::one;
  if (value == -1.0) return ScalarClass::minus_one;
  if (value == 2.0) return ScalarClass::two;
  if (value == 0.5) return ScalarClass::half;
  return ScalarClass::other;
}

namespace internal {
namespace {

void release(Node* node) {
  if (node->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::vector<Node*> dead = {node};
  while (!dead.empty()) {
    Node* next = dead.back();
    dead.pop_back();
    for (NodeValue& input : next->inputs) {
      Node* child = input.node.detach();
      if (child && child->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) dead.push_back(child);
    }
    delete next;
  }
}

}  // namespace

NodeRef::NodeRef(Node* node) : node_(node) {
  if (node_) node_->refs.fetch_add(1, std::memory_order_relaxed);
}

NodeRef::NodeRef(const NodeRef& other) : NodeRef(other.node_) {}

NodeRef::~NodeRef() {
  if (node_) release(node_);
}

int& GradientScope::depth() {
  thread_local int depth = 0;
  return depth;
}

std::mutex& graph_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace internal
}  // namespace danlu
