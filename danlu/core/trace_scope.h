#pragma once

#include <unordered_set>
#include <vector>

#include "danlu/core/node.h"

namespace danlu::internal {

/// Remembers the nodes that are made on this thread while it lives: what belongs to the body of a
/// branch, though it may depend on nothing but captures.
class TraceScope {
 public:
  TraceScope();
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

  bool contains(const Node* node) const { return made_.contains(node); }
  /// Called for every new node.
  static void note(Node* node);

 private:
  std::unordered_set<const Node*> made_;
  std::vector<NodeRef> kept_;  ///< so that no address is used again
  TraceScope* outer_;
};

}  // namespace danlu::internal
