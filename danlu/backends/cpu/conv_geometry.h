#pragma once

#include <cstdint>

#include "danlu/core/shape.h"
#include "danlu/ops/conv/conv_attrs.h"

namespace danlu::cpu {

/// A convolution as plain numbers. Images are (batch, h, w, channels), kernels
/// (kh, kw, group_channels, filters).
struct ConvGeometry {
  int64_t batch, in_h, in_w, channels;
  int64_t kernel_h, kernel_w, group_channels, filters;
  int64_t out_h, out_w;
  int64_t groups, group_filters;
  Conv2DAttrs attrs;

  ConvGeometry(const Shape& x, const Shape& kernel, const Conv2DAttrs& a)
      : batch(x[0]),
        in_h(x[1]),
        in_w(x[2]),
        channels(x[3]),
        kernel_h(kernel[0]),
        kernel_w(kernel[1]),
        group_channels(kernel[2]),
        filters(kernel[3]),
        groups(a.groups),
        group_filters(kernel[3] / a.groups),
        attrs(a) {
    out_h = window_output(in_h, kernel_h, a.strides[0], a.pad_before[0], a.pad_after[0],
                          a.dilation_rate[0]);
    out_w = window_output(in_w, kernel_w, a.strides[1], a.pad_before[1], a.pad_after[1],
                          a.dilation_rate[1]);
  }
  /// Of the gradients of the kernels of sets of images `x` (…, batch, h, w, channels).
  static ConvGeometry of_one_set(const Shape& x, const Conv2DAttrs& a) {
    return {Shape(x.dims().last(4)), a.result, a};
  }

  int64_t out_size() const { return batch * out_h * out_w * filters; }
  int64_t in_size() const { return batch * in_h * in_w * channels; }
  int64_t kernel_size() const { return kernel_h * kernel_w * group_channels * filters; }

  /// Calls f(image offset of the input pixel, offset of the output pixel, offset of the kernel's
  /// (channels, filters) matrix) for every pair of pixels that meet.
  template <class F>
  void for_each_pair(F&& f) const {
    for (int64_t n = 0; n < batch; ++n) {
      for (int64_t oh = 0; oh < out_h; ++oh) {
        for (int64_t ow = 0; ow < out_w; ++ow) {
          const int64_t out = ((n * out_h + oh) * out_w + ow) * filters;
          for (int64_t kh = 0; kh < kernel_h; ++kh) {
            const int64_t ih =
                oh * attrs.strides[0] - attrs.pad_before[0] + kh * attrs.dilation_rate[0];
            if (ih < 0 || ih >= in_h) continue;
            for (int64_t kw = 0; kw < kernel_w; ++kw) {
              const int64_t iw =
                  ow * attrs.strides[1] - attrs.pad_before[1] + kw * attrs.dilation_rate[1];
              if (iw < 0 || iw >= in_w) continue;
              f(((n * in_h + ih) * in_w + iw) * channels, out,
                (kh * kernel_w + kw) * group_channels * filters);
            }
          }
        }
      }
    }
  }
};

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

}  // namespace danlu::cpu
