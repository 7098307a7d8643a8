#pragma once

#include <vector>

#include "danlu/core/attrs.h"

namespace danlu {

struct ReductionAttrs {
  std::vector<int64_t> axes;  ///< sorted, non-negative, distinct; empty: nothing is reduced
  bool keepdims = false;

  template <class V>
  void fields(V&& v) const {
    v("axes", axes), v("keepdims", keepdims);
  }
  friend bool operator==(const ReductionAttrs&, const ReductionAttrs&) = default;
};

}  // namespace danlu
