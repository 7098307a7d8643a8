#pragma once

#include <algorithm>
#include <cmath>

#include "danlu/ops/conv/conv_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef max_pool2d();
KernelDef max_pool2d_backward();
KernelDef max_pool2d_gather();
KernelDef average_pool2d();
KernelDef average_pool2d_backward();

/// A pooling as plain numbers.
struct PoolGeometry {
  int64_t batch, in_h, in_w, channels;
  int64_t out_h, out_w;
  Pool2DAttrs attrs;

  PoolGeometry(const Shape& x, const Pool2DAttrs& a)
      : batch(x[0]), in_h(x[1]), in_w(x[2]), channels(x[3]), attrs(a) {
    out_h = window_output(in_h, a.pool_size[0], a.strides[0], a.pad_before[0], a.pad_after[0]);
    out_w = window_output(in_w, a.pool_size[1], a.strides[1], a.pad_before[1], a.pad_after[1]);
  }
  int64_t in_size() const { return batch * in_h * in_w * channels; }
  int64_t out_size() const { return batch * out_h * out_w * channels; }

  /// Calls f(offset of the output pixel, window) for every window; window.for_each(g) calls
  /// g(offset of the input pixel, position in the window) where the window is over the image.
  struct Window {
    const PoolGeometry* g;
    int64_t image, top, left;

    /// Offset of the pixel at `position`, or −1 in the padding or outside the window.
    int64_t offset(int64_t position) const {
      const int64_t row = position / g->attrs.pool_size[1];
      const int64_t h = top + row, w = left + position % g->attrs.pool_size[1];
      if (row >= g->attrs.pool_size[0] || h < 0 || h >= g->in_h || w < 0 || w >= g->in_w) {
        return -1;
      }
      return ((image * g->in_h + h) * g->in_w + w) * g->channels;
    }
    template <class F>
    void for_each(F&& f) const {
      const int64_t positions = g->attrs.pool_size[0] * g->attrs.pool_size[1];
      for (int64_t p = 0; p < positions; ++p) {
        if (const int64_t at = offset(p); at >= 0) f(at, p);
      }
    }
  };
  template <class F>
  void for_each_window(F&& f) const {
    int64_t out = 0;
    for (int64_t n = 0; n < batch; ++n) {
      for (int64_t oh = 0; oh < out_h; ++oh) {
        for (int64_t ow = 0; ow < out_w; ++ow, out += channels) {
          f(out, Window{this, n, oh * attrs.strides[0] - attrs.pad_before[0],
                        ow * attrs.strides[1] - attrs.pad_before[1]});
        }
      }
    }
  }
};

template <class X>
bool is_nan(X x) {
  if constexpr (std::is_integral_v<X>) {
    return false;
  } else {
    return std::isnan(static_cast<double>(x));
  }
}

template <class X, class Y>
void max_pool_forward(const PoolGeometry& g, const X* x, Y* y, uint8_t* index) {
  g.for_each_window([&](int64_t out, const PoolGeometry::Window& window) {
    bool first = true;
    window.for_each([&](int64_t in, int64_t position) {
      for (int64_t c = 0; c < g.channels; ++c) {
        const X value = x[in + c];
        const auto best = static_cast<X>(y[out + c]);
        if (!first && (is_nan(best) || !(value > best || is_nan(value)))) continue;
        y[out + c] = static_cast<Y>(value);
        index[out + c] = static_cast<uint8_t>(position);
      }
      first = false;
    });
  });
}

template <class G, class X>
void max_pool_backward(const PoolGeometry& g, const G* grad, const uint8_t* index, X* dx) {
  std::fill(dx, dx + g.in_size(), X{});
  g.for_each_window([&](int64_t out, const PoolGeometry::Window& window) {
    for (int64_t c = 0; c < g.channels; ++c) {
      const int64_t in = window.offset(index[out + c]);
      if (in >= 0) dx[in + c] += static_cast<X>(grad[out + c]);
    }
  });
}

}  // namespace danlu::cpu::ref
