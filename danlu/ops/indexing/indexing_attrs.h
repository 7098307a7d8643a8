#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

enum class ScatterMode : uint8_t { set, add, max, min, mul };

struct ScatterAttrs {
  int64_t axis = 0;
  int64_t size = 0;  ///< of x along `axis`, for the text about a bad index
  ScatterMode mode = ScatterMode::set;

  template <class V>
  void fields(V&& v) const {
    v("axis", axis), v("size", size), v("mode", mode);
  }
  friend bool operator==(const ScatterAttrs&, const ScatterAttrs&) = default;
};

struct RavelIndexAttrs {
  Shape shape;

  template <class V>
  void fields(V&& v) const {
    v("shape", shape);
  }
  friend bool operator==(const RavelIndexAttrs&, const RavelIndexAttrs&) = default;
};

}  // namespace danlu
