#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

struct MatmulAttrs {
  bool transpose_a = false;
  bool transpose_b = false;

  template <class V>
  void fields(V&& v) const {
    v("transpose_a", transpose_a), v("transpose_b", transpose_b);
  }
  friend bool operator==(const MatmulAttrs&, const MatmulAttrs&) = default;
};

}  // namespace danlu
