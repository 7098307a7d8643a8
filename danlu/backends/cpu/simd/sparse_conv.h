#pragma once

#include <algorithm>
#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// The gradients of a convolution that was pooled at once. Of each window only one position has a
/// gradient, and ReLU leaves many of those 0: with 2 × 2 windows less than a quarter of the dense
/// products remain. They are computed filter by filter (kernel) or position by position (input),
/// over whole vectors of input channels.
KernelDef sparse_conv2d_pool_backward_kernel();
KernelDef sparse_conv2d_pool_backward_input();

/// Geometry of one image for the loops below. The input is padded already.
struct SparseConvImage {
  int64_t width = 0;             ///< of the padded input
  int64_t image_size = 0;        ///< floats from one padded input to the next
  int64_t channels = 0;          ///< of the input; a multiple of kSparseChannels
  int64_t out_h = 0, out_w = 0;  ///< pooled
  int64_t pool_h = 0, pool_w = 0;
  int64_t filters = 0;
  int64_t taps = 0;
  const int64_t* offsets = nullptr;  ///< of each tap's pixel from its window's corner in the input

  /// Pixels of pooled gradients that are sorted at once for the kernel's gradient: whole rows whose
  /// inputs fit into the first-level cache together.
  int64_t listed_pixels() const {
    constexpr int64_t kFloats = 11264;
    return std::max<int64_t>(1, kFloats / (pool_h * pool_w * channels * out_w)) * out_w;
  }
};

inline constexpr int64_t kSparseChannels = 16;
inline constexpr int64_t kMostSparsePositions = 16;

/// Pooled gradients and where they go.
struct SparseList {
  float* values;
  int32_t* offsets;
};

/// The kernel in slices of some taps and channels, each small enough for the first-level cache with
/// all filters: (channel groups, tap groups, filters, taps, channels), the last tap group padded.
struct SparseSlices {
  int64_t channels;  ///< of a slice: one or two vectors
  int64_t taps;      ///< of a slice
  int64_t tap_groups;

  int64_t filter_floats() const { return taps * channels; }
  int64_t slice_floats(int64_t filters) const { return filters * filter_floats(); }
  int64_t floats(const SparseConvImage& g) const {
    return g.channels / channels * tap_groups * slice_floats(g.filters);
  }
};

/// Pixels of pooled gradients that are sorted before the slices are gone through.
inline constexpr int64_t kSparsePixels = 64;

struct SparseConvFunctions {
  SparseSlices (*slices)(const SparseConvImage& g);
  /// sums (filters, taps, channels) += gradient of the kernel over neighbouring images. `list`
  /// holds 16 times listed_pixels() entries and 16 more. Memory as large as the sums that is
  /// `written` next, or null, is fetched meanwhile.
  void (*backward_kernel)(const SparseConvImage& g, int64_t images, const float* x,
                          const float* grad, const uint8_t* index, float* sums,
                          const float* written, SparseList list);
  /// dx += gradient of neighbouring padded inputs; `kernel` is in slices. `list` holds
  /// `filters` entries and 16 more for each position of the window in max(kSparsePixels, out_w)
  /// pixels.
  void (*backward_input)(const SparseConvImage& g, int64_t images, const float* kernel,
                         const float* grad, const uint8_t* index, float* dx, SparseList list);
};
SparseConvFunctions sparse_conv_functions(Isa isa);

}  // namespace danlu::cpu::simd
