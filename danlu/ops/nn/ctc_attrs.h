#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

struct CtcAttrs {
  int64_t mask_index = 0;  ///< the class that stands for nothing

  template <class V>
  void fields(V&& v) const {
    v("mask_index", mask_index);
  }
  friend bool operator==(const CtcAttrs&, const CtcAttrs&) = default;
};

struct CtcBeamSearchAttrs {
  int64_t mask_index = 0;
  int64_t beam_width = 100;
  int64_t top_paths = 1;

  template <class V>
  void fields(V&& v) const {
    v("mask_index", mask_index), v("beam_width", beam_width), v("top_paths", top_paths);
  }
  friend bool operator==(const CtcBeamSearchAttrs&, const CtcBeamSearchAttrs&) = default;
};

}  // namespace danlu
