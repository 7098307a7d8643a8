#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

struct CastAttrs {
  DType dtype = DType::float32;

  template <class V>
  void fields(V&& v) const {
    v("dtype", dtype);
  }
  friend bool operator==(const CastAttrs&, const CastAttrs&) = default;
};

}  // namespace danlu
