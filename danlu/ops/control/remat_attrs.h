#pragma once

#include <memory>

#include "danlu/core/attrs.h"
#include "danlu/core/graph.h"

namespace danlu {

/// remat: a function whose intermediate values are not kept for its derivative.
struct RematAttrs {
  std::shared_ptr<const Graph> graph;

  template <class V>
  void fields(V&& v) const {
    v("graph", graph);
  }
  friend bool operator==(const RematAttrs& a, const RematAttrs& b) {
    return a.graph == b.graph || (a.graph && b.graph && *a.graph == *b.graph);
  }
};

}  // namespace danlu
