#pragma once

#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Blocks of Philox (four numbers each) that the loops make at once.
inline constexpr int64_t kBlocksAtOnce = 8;

/// Consecutive blocks of one draw.
struct PhiloxRange {
  uint64_t seed, counter, first;
  int64_t blocks;  ///< a multiple of kBlocksAtOnce
};

/// Loops of one instruction set; each writes 4 · blocks numbers, what the reference kernels make of
/// the same blocks.
struct RandomLoops {
  /// In [low, high): the same bits as the reference.
  void (*uniform)(const PhiloxRange& range, double low, double high, float* out) = nullptr;
  /// Box and Muller in double, rounded.
  void (*normal)(const PhiloxRange& range, double mean, double stddev, float* out) = nullptr;
  /// Whether the word is below `bound`: the same bits as the reference.
  void (*bernoulli)(const PhiloxRange& range, uint64_t bound, bool* out) = nullptr;
};

const RandomLoops& random_loops(Isa isa);

}  // namespace danlu::cpu::simd
