#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// fft: the sign of the exponent is − forward, + backward; nothing is divided.
struct FftAttrs {
  bool backward = false;

  template <class V>
  void fields(V&& v) const {
    v("backward", backward);
  }
  friend bool operator==(const FftAttrs&, const FftAttrs&) = default;
};

/// irfft: the length of the result.
struct IrfftAttrs {
  int64_t length = 1;

  template <class V>
  void fields(V&& v) const {
    v("length", length);
  }
  friend bool operator==(const IrfftAttrs&, const IrfftAttrs&) = default;
};

}  // namespace danlu
