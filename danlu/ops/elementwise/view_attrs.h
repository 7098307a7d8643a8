#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

struct ViewAttrs {
  DType dtype = DType::float32;

  template <class V>
  void fields(V&& v) const {
    v("dtype", dtype);
  }
  friend bool operator==(const ViewAttrs&, const ViewAttrs&) = default;
};

}  // namespace danlu
