#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// solve: `transpose`, solve aᵀ X = b.
struct SolveAttrs {
  bool transpose = false;

  template <class V>
  void fields(V&& v) const {
    v("transpose", transpose);
  }
  friend bool operator==(const SolveAttrs&, const SolveAttrs&) = default;
};

struct SolveTriangularAttrs {
  bool lower = false;
  bool transpose = false;

  template <class V>
  void fields(V&& v) const {
    v("lower", lower), v("transpose", transpose);
  }
  friend bool operator==(const SolveTriangularAttrs&, const SolveTriangularAttrs&) = default;
};

struct QrAttrs {
  bool complete = false;

  template <class V>
  void fields(V&& v) const {
    v("complete", complete);
  }
  friend bool operator==(const QrAttrs&, const QrAttrs&) = default;
};

}  // namespace danlu
