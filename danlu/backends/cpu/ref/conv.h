#pragma once

#include <algorithm>

#include "danlu/ops/conv/conv_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef conv2d();
KernelDef conv2d_backward_input();
KernelDef conv2d_backward_kernel();

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

/// y (double, out_size elements) = conv2d(x, kernel).
template <class T>
void conv_forward(const ConvGeometry& g, const T* x, const T* kernel, double* y) {
  std::fill(y, y + g.out_size(), 0.0);
  g.for_each_pair([&](int64_t in, int64_t out, int64_t k) {
    for (int64_t group = 0; group < g.groups; ++group) {
      double* to = y + out + group * g.group_filters;
      for (int64_t c = 0; c < g.group_channels; ++c) {
        const auto value = static_cast<double>(x[in + group * g.group_channels + c]);
        const T* weights = kernel + k + c * g.filters + group * g.group_filters;
        for (int64_t f = 0; f < g.group_filters; ++f) {
          to[f] += value * static_cast<double>(weights[f]);
        }
      }
    }
  });
}

/// dx (double, in_size elements), from the gradient of the output.
template <class G, class T>
void conv_backward_input(const ConvGeometry& g, const G* grad, const T* kernel, double* dx) {
  std::fill(dx, dx + g.in_size(), 0.0);
  g.for_each_pair([&](int64_t in, int64_t out, int64_t k) {
    for (int64_t group = 0; group < g.groups; ++group) {
      const G* from = grad + out + group * g.group_filters;
      for (int64_t c = 0; c < g.group_channels; ++c) {
        const T* weights = kernel + k + c * g.filters + group * g.group_filters;
        double sum = 0;
        for (int64_t f = 0; f < g.group_filters; ++f) {
          sum += static_cast<double>(from[f]) * static_cast<double>(weights[f]);
        }
        dx[in + group * g.group_channels + c] += sum;
      }
    }
  });
}

/// dk (double, kernel_size elements), from the input and the gradient of the output.
template <class T, class G>
void conv_backward_kernel(const ConvGeometry& g, const T* x, const G* grad, double* dk) {
  std::fill(dk, dk + g.kernel_size(), 0.0);
  g.for_each_pair([&](int64_t in, int64_t out, int64_t k) {
    for (int64_t group = 0; group < g.groups; ++group) {
      const G* from = grad + out + group * g.group_filters;
      for (int64_t c = 0; c < g.group_channels; ++c) {
        const auto value = static_cast<double>(x[in + group * g.group_channels + c]);
        double* to = dk + k + c * g.filters + group * g.group_filters;
        for (int64_t f = 0; f < g.group_filters; ++f) to[f] += value * static_cast<double>(from[f]);
      }
    }
  });
}

template <class T>
void copy_rounded(const double* from, int64_t count, T* to) {
  std::transform(from, from + count, to, [](double x) { return static_cast<T>(x); });
}

}  // namespace danlu::cpu::ref
