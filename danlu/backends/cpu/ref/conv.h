#pragma once

#include <algorithm>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef conv2d();
KernelDef conv2d_backward_input();
KernelDef conv2d_backward_kernel();

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
