#include "danlu/core/trace_scope.h"

namespace danlu::internal {
namespace {

TraceScope*& innermost() {
  thread_local TraceScope* scope = nullptr;
  return scope;
}

}  // namespace

TraceScope::TraceScope() : outer_(innermost()) { innermost() = this; }
TraceScope::~TraceScope() { innermost() = outer_; }

void TraceScope::note(Node* node) {
  for (TraceScope* scope = innermost(); scope != nullptr; scope = scope->outer_) {
    if (scope->made_.insert(node).second) scope->kept_.emplace_back(node);
  }
}

}  // namespace danlu::internal
