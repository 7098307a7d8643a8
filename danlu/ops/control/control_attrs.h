#pragma once

#include <memory>
#include <vector>

#include "danlu/core/attrs.h"
#include "danlu/core/graph.h"

namespace danlu {

using GraphPtr = std::shared_ptr<const Graph>;

/// Whether two subgraphs compute the same.
inline bool same_graph(const GraphPtr& a, const GraphPtr& b) {
  return a == b || (a && b && *a == *b);
}

/// switch: the inputs are an int32 scalar, then what every branch gets. An index out of range is
/// the first or the last one.
struct SwitchAttrs {
  std::vector<GraphPtr> branches;

  template <class V>
  void fields(V&& v) const {
    v("branches", branches);
  }
  friend bool operator==(const SwitchAttrs& a, const SwitchAttrs& b) {
    if (a.branches.size() != b.branches.size()) return false;
    for (size_t i = 0; i < a.branches.size(); ++i) {
      if (!same_graph(a.branches[i], b.branches[i])) return false;
    }
    return true;
  }
};

/// while_loop: inputs carry, captures of the condition, captures of the body; outputs carry.
struct WhileAttrs {
  GraphPtr condition;  ///< (carry, its captures) → a bool scalar
  GraphPtr body;       ///< (carry, its captures) → carry
  int64_t num_carry = 0;
  int64_t maximum_iterations = -1;  ///< −1: none

  template <class V>
  void fields(V&& v) const {
    v("condition", condition), v("body", body), v("num_carry", num_carry),
        v("maximum_iterations", maximum_iterations);
  }
  friend bool operator==(const WhileAttrs& a, const WhileAttrs& b) {
    return same_graph(a.condition, b.condition) && same_graph(a.body, b.body) &&
           a.num_carry == b.num_carry && a.maximum_iterations == b.maximum_iterations;
  }
};

/// scan: inputs carry, sequences, captures; outputs carry, stacked results.
struct ScanAttrs {
  GraphPtr body;  ///< (carry, one element of each sequence, captures) → (carry, results)
  int64_t num_carry = 0;
  int64_t num_sequences = 0;
  int64_t length = 0;
  bool reverse = false;
  bool rematerialize =
      false;  ///< the derivative keeps the carries only, and computes the rest anew
  /// The body without the results that only the derivative needs: a scan of it over the same inputs
  /// is part of this one.
  GraphPtr base;

  template <class V>
  void fields(V&& v) const {
    v("body", body), v("num_carry", num_carry), v("num_sequences", num_sequences),
        v("length", length), v("reverse", reverse), v("rematerialize", rematerialize),
        v("base", base);
  }
  friend bool operator==(const ScanAttrs& a, const ScanAttrs& b) {
    return same_graph(a.body, b.body) && a.num_carry == b.num_carry &&
           a.num_sequences == b.num_sequences && a.length == b.length && a.reverse == b.reverse &&
           a.rematerialize == b.rematerialize && same_graph(a.base, b.base);
  }
};

}  // namespace danlu
