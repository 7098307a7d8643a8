#pragma once

#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Convolution of images with few channels, ReLU and 2 × 2 pooling in registers: the unpooled image
/// is never written. The gradient of the kernel is taken from the pooled gradient alone.
KernelDef conv2d_pool();
KernelDef conv2d_pool_backward_kernel();

/// Geometry of one image for the loops below. The input is padded already.
struct ConvPoolImage {
  int64_t height = 0, width = 0;  ///< of the padded input
  int64_t channels = 0;           ///< of the input
  int64_t out_h = 0, out_w = 0;   ///< pooled
  int64_t filters = 0;
  int64_t taps = 0;                  ///< kernel height · width · channels
  const int64_t* offsets = nullptr;  ///< of each tap from the corner of its window in the input

  /// The 2 × 2 windows of the whole padded input, side by side.
  int64_t window_floats() const { return 4 * ((height - 1) * width - 1) * channels; }
};

/// Filters are handled in groups of this many, zeros behind the last, so that the kernel in scratch
/// looks alike for every instruction set: (groups, 1 + taps, kFilterGroup), the bias first.
inline constexpr int64_t kFilterGroup = 32;

struct ConvPoolFunctions {
  void (*forward)(const ConvPoolImage& g, const float* x, const float* packed, float* pooled,
                  uint8_t* index, bool relu);
  /// sums += gradient of the kernel; (taps, filters). `windows` holds window_floats().
  void (*backward_kernel)(const ConvPoolImage& g, const float* x, const float* grad,
                          const uint8_t* index, float* sums, float* windows);
};
ConvPoolFunctions conv_pool_functions(Isa isa);

}  // namespace danlu::cpu::simd
