#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// One draw. `a`, `b`: the range of uniform, mean and standard deviation of the normals, the
/// probability of bernoulli (in `a`).
struct RandomAttrs {
  Shape shape;
  DType dtype = DType::float32;
  double a = 0, b = 1;

  template <class V>
  void fields(V&& v) const {
    v("shape", shape), v("dtype", dtype), v("a", a), v("b", b);
  }
  friend bool operator==(const RandomAttrs&, const RandomAttrs&) = default;
};

}  // namespace danlu
