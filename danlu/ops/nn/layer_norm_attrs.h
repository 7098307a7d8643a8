#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

struct LayerNormAttrs {
  double epsilon = 1e-7;

  template <class V>
  void fields(V&& v) const {
    v("epsilon", epsilon);
  }
  friend bool operator==(const LayerNormAttrs&, const LayerNormAttrs&) = default;
};

}  // namespace danlu
