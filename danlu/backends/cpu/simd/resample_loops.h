#pragma once

#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Sums of neighbours along one line of pixels.
struct ResampleLine {
  int64_t count = 0;                ///< elements of the result
  int64_t channels = 1, width = 1;  ///< neighbours of an element are `channels` apart
  const int32_t* first = nullptr;   ///< (padded count,): its first neighbour
  const float* weights = nullptr;   ///< (width, padded count)
};

/// Loops of one instruction set. Lines are padded to whole vectors of 16 elements.
struct ResampleLoops {
  void (*along)(const ResampleLine& line, const float* x, float* y) = nullptr;
  /// y = Σ weights[t] · lines[t], `n` elements, not padded.
  void (*across)(const float* const* lines, const float* weights, int64_t width, int64_t n,
                 float* y) = nullptr;
};

const ResampleLoops& resample_loops(Isa isa);

/// `count` elements in whole vectors of the widest target.
inline int64_t padded_line(int64_t count) { return (count + 15) / 16 * 16; }

}  // namespace danlu::cpu::simd
