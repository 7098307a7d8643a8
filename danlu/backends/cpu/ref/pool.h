#pragma once

#include <algorithm>
#include <cmath>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef max_pool2d();
KernelDef max_pool2d_backward();
KernelDef max_pool2d_gather();
KernelDef average_pool2d();
KernelDef average_pool2d_backward();

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
