#pragma once

#include <cstdint>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

KernelDef max_pool2d();
KernelDef max_pool2d_backward();
KernelDef average_pool2d();
KernelDef average_pool2d_backward();

/// float32 loops over one image; `g.batch` does not matter to them.
struct PoolFunctions {
  /// Pooled image and index. With `relu`, that of max(x, 0): a window without a positive number
  /// gives 0 at its first position.
  void (*forward)(const PoolGeometry& g, const float* x, float* pooled, uint8_t* index, bool relu);
  /// The whole image's gradient, zeros included.
  void (*backward)(const PoolGeometry& g, const float* grad, const uint8_t* index, float* dx);
  /// Means of the windows, and the gradient of the whole image.
  void (*average)(const PoolGeometry& g, const float* x, float* pooled);
  void (*average_backward)(const PoolGeometry& g, const float* grad, float* dx);
};
PoolFunctions pool_functions(Isa isa);

}  // namespace danlu::cpu::simd
