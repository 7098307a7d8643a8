#pragma once

#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Running sums of one instruction set; what has been summed is kept in float64.
struct RunningSumLoops {
  /// The running sums of `n` neighbours from `start` on, from the end if `reverse`, each without
  /// its own element if `exclusive`.
  void (*row)(const float* x, int64_t n, double start, bool reverse, bool exclusive,
              float* y) = nullptr;
  /// One step of `n` running sums side by side: sums += x, and y is sums before or after that.
  void (*step)(const float* x, int64_t n, bool exclusive, double* sums, float* y) = nullptr;
  double (*total)(const float* x, int64_t n) = nullptr;
};

const RunningSumLoops& running_sum_loops(Isa isa);

}  // namespace danlu::cpu::simd
