#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// Integers of [low, high).
struct RandintAttrs {
  Shape shape;
  DType dtype = DType::int32;
  int64_t low = 0, high = 1;

  template <class V>
  void fields(V&& v) const {
    v("shape", shape), v("dtype", dtype), v("low", low), v("high", high);
  }
  friend bool operator==(const RandintAttrs&, const RandintAttrs&) = default;
};

/// `stream`: draws with different streams from one state are independent.
struct RandomGammaAttrs {
  int64_t stream = 0;

  template <class V>
  void fields(V&& v) const {
    v("stream", stream);
  }
  friend bool operator==(const RandomGammaAttrs&, const RandomGammaAttrs&) = default;
};

}  // namespace danlu
