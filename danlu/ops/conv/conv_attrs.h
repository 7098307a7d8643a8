#pragma once

#include <array>

#include "danlu/core/attrs.h"

namespace danlu {

/// Geometry of a 2-D convolution. The backward ops carry that of the forward one, and the shape
/// they must produce.
struct Conv2DAttrs {
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> pad_before = {0, 0};
  std::array<int64_t, 2> pad_after = {0, 0};
  std::array<int64_t, 2> dilation_rate = {1, 1};
  int64_t groups = 1;
  Shape result;  ///< backward ops: shape of the input or kernel whose gradient this is

  template <class V>
  void fields(V&& v) const {
    v("strides", strides), v("pad_before", pad_before), v("pad_after", pad_after),
        v("dilation_rate", dilation_rate), v("groups", groups), v("result", result);
  }
  friend bool operator==(const Conv2DAttrs&, const Conv2DAttrs&) = default;
};

/// Geometry of a 2-D pooling.
struct Pool2DAttrs {
  std::array<int64_t, 2> pool_size = {2, 2};
  std::array<int64_t, 2> strides = {2, 2};
  std::array<int64_t, 2> pad_before = {0, 0};
  std::array<int64_t, 2> pad_after = {0, 0};
  Shape result;  ///< backward ops: shape of the pooled-over image

  template <class V>
  void fields(V&& v) const {
    v("pool_size", pool_size), v("strides", strides), v("pad_before", pad_before),
        v("pad_after", pad_after), v("result", result);
  }
  friend bool operator==(const Pool2DAttrs&, const Pool2DAttrs&) = default;
};

/// Output length of a sliding window. Shapes: input length, window, stride, padding, dilation.
inline int64_t window_output(int64_t input, int64_t window, int64_t stride, int64_t pad_before,
                             int64_t pad_after, int64_t dilation = 1) {
  const int64_t span = input + pad_before + pad_after - ((window - 1) * dilation + 1);
  return span < 0 ? 0 : span / stride + 1;
}

}  // namespace danlu
