#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// Bilinear, bicubic (Keys 1981, a = −½), and windowed sines of 3 and 5 pixels.
enum class ResampleFilter : uint8_t { linear, cubic, lanczos3, lanczos5 };

/// Resizing from (height, width) to (to_height, to_width), or its transpose from the latter to the
/// former.
struct ResampleAttrs {
  int64_t height = 1, width = 1, to_height = 1, to_width = 1;
  ResampleFilter filter = ResampleFilter::linear;
  bool antialias = false;
  bool transpose = false;

  template <class V>
  void fields(V&& v) const {
    v("height", height), v("width", width), v("to_height", to_height), v("to_width", to_width),
        v("filter", filter), v("antialias", antialias), v("transpose", transpose);
  }
  friend bool operator==(const ResampleAttrs&, const ResampleAttrs&) = default;
};

}  // namespace danlu
