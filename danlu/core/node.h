#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "danlu/core/attrs.h"
#include "danlu/core/buffer.h"
#include "danlu/core/number.h"
#include "danlu/core/op_def.h"

namespace danlu {

/// What the compiler may know of a host scalar without fixing its value: a changing learning
/// rate stays one plan, while `x * 1` still disappears.
enum class ScalarClass : uint8_t { none, zero, one, minus_one, two, half, other };

ScalarClass classify_scalar(double value);

namespace internal {

class Node;

/// An intrusive reference to a node. Release is iterative: long chains do not recurse.
class NodeRef {
 public:
  NodeRef() = default;
  explicit NodeRef(Node* node);  ///< adds a reference
  NodeRef(const NodeRef& other);
  NodeRef(NodeRef&& other) noexcept : node_(other.node_) { other.node_ = nullptr; }
  NodeRef& operator=(NodeRef other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodeRef();

  Node* get() const { return node_; }
  Node* operator->() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }
  /// Gives the reference up without releasing it.
  Node* detach() { return std::exchange(node_, nullptr); }

 private:
  Node* node_ = nullptr;
};

/// Output `index` of a node, held by another node.
struct NodeValue {
  NodeRef node;
  int index = 0;
};

/// A vertex of the lazy graph. Immutable but for `buffers`, which evaluation fills in, and
/// `inputs`, which evaluation then lets go.
class Node {
 public:
  struct Output {
    TensorSpec spec;
    std::shared_ptr<Buffer> buffer;
    std::atomic<int32_t> handles{0};  ///< Arrays outside the graph that hold this output
    Output() = default;
    Output(Output&& o) noexcept : spec(o.spec), buffer(std::move(o.buffer)) {}
  };

  const OpDef* op = nullptr;  ///< null for leaves: host data and placeholders
  AttrsPtr attrs;
  std::vector<NodeValue> inputs;
  std::vector<Output> outputs;
  std::atomic<bool> ready{false};
  bool placeholder = false;  ///< stands for an input of a trace; has no value
  bool traced = false;       ///< depends on a placeholder: cannot be evaluated
  bool keep_inputs = false;  ///< evaluation inside a GradientScope must leave `inputs` in place
  bool weak = false;         ///< a bare C++ number: takes the other operand's dtype
  ScalarClass scalar_class = ScalarClass::none;
  Number number = 0;   ///< of a host scalar, before it was rounded to its dtype
  uint32_t depth = 0;  ///< pending nodes on the longest path below

  std::atomic<int32_t> refs{0};
};

/// While one lives on this thread, nodes that depend on a differentiated argument keep their inputs
/// when they are evaluated, so that the gradient can still walk through them.
class GradientScope {
 public:
  GradientScope() { ++depth(); }
  ~GradientScope() { --depth(); }
  GradientScope(const GradientScope&) = delete;
  GradientScope& operator=(const GradientScope&) = delete;
  static bool active() { return depth() > 0; }

 private:
  static int& depth();
};

/// Guards `inputs` and `buffer` of every node while a graph is collected or finished.
std::mutex& graph_mutex();

}  // namespace internal
}  // namespace danlu
