#pragma once

#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Loops of one instruction set that sorting float32 is made of.
struct SortLoops {
  /// Unsigned integers in the order of the elements, −0 before +0, NaN the greatest; and back.
  void (*to_keys)(const float* x, int64_t n, uint32_t* keys) = nullptr;
  void (*from_keys)(const uint32_t* keys, int64_t n, float* y) = nullptr;
  /// y = x; false if there are NaN or −0 among them, whose places `<` does not tell.
  bool (*copy_ordered)(const float* x, int64_t n, float* y) = nullptr;
  /// The first place from `begin` on that holds NaN or more than `bound`; n where none does.
  int64_t (*find_above)(const float* x, int64_t begin, int64_t n, float bound) = nullptr;
};

const SortLoops& sort_loops(Isa isa);

}  // namespace danlu::cpu::simd
