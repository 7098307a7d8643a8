#pragma once

#include <array>
#include <string>
#include <vector>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/simd/amx_conv_grid.h"
#include "danlu/backends/cpu/simd/amx_conv_loops.h"

namespace danlu::cpu::simd {

/// Windows whose first one looks at pixel (row, column) under tap `index` of the kernel.
struct ConvTap {
  int64_t index, row, column;
};

/// What is computed for all windows by the same taps. A gradient with strides has one pass for each
/// remainder of its pixels: only some taps reach them.
struct ConvPass {
  std::vector<ConvTap> taps;
  std::vector<AmxRead> reads;
  std::array<int64_t, 2>
      corner;         ///< the output pixel of the first window, in part before the image
  size_t packed = 0;  ///< where its tiles of the kernel are
};

/// A convolution on tiles as it is computed: that of an image with the kernel, or of a gradient
/// with the kernel turned around.
struct ConvPlan {
  using Pair = std::array<int64_t, 2>;

  ConvGrid grid;
  Pair window_step;  ///< pixels from window to window
  Pair output_step;  ///< pixels of the output from window to window
  Pair output;       ///< rows and columns of it
  bool joins_row;
  bool merges = false;  ///< two taps become one read
  KernelStrides strides;
  std::vector<ConvPass> passes;
  size_t packed_bytes = 0;

  /// `rows` of the output are wanted, and no strip of a number of rows that is no multiple of
  /// `grain`. `parts`: bfloat16 numbers that an element is split into.
  static ConvPlan forward(const ConvGeometry& g, int threads, int parts, int64_t rows,
                          int64_t grain);
  static ConvPlan backward_input(const ConvGeometry& g, int threads, int parts);
  /// Why the latter cannot be, or "".
  static std::string backward_refusal(const ConvGeometry& g);

  const ConvGeometry& conv() const { return grid.conv(); }
  int64_t channels() const { return conv().channels * (joins_row ? conv().kernel_w : 1); }
  int64_t filters() const { return conv().filters; }
  bool pairs() const { return channels() <= 16; }
  AmxConvStrip strip(const ConvPass& pass, int64_t windows) const;
  /// Which share of the numbers that are multiplied are not padding.
  double fill() const;
  /// Of tiles for all that a pixel is needed for, padding included.
  int64_t depth() const;

 private:
  ConvPlan(const ConvGeometry& conv, const ConvGrid::Options& options);
  void add_pass(ConvPass pass, const std::vector<AmxRead>& looks, int parts);
};

}  // namespace danlu::cpu::simd
