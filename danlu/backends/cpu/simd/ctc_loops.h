#pragma once

#include <cstddef>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Loops of one instruction set over the states of a step (backends/cpu/ctc_lattice.h), whose
/// logarithms are in double: what a long sample adds up to has no room for its differences in
/// float32. Rows have `kCtcSlack` elements more than their labels at the end. The first element of
/// `emit` stands for no label and is impossible; behind it, label n stands at n + 1.
struct CtcLoops {
  /// next = the states one step later, log_prob and `mask` being those of the labels and of the
  /// mask.
  void (*forward)(const double* phi, const double* emit, const float* log_prob,
                  const float* obstacle, float mask, size_t labels, double* next_phi,
                  double* next_emit) = nullptr;
  /// The probabilities of the states given the target, one step back in place. `to_emit[n]` belongs
  /// to label n. Returns their sum over the states of the mask before it went back.
  float (*backward)(const double* phi, const double* emit, const float* log_prob,
                    const float* obstacle, float mask, size_t labels, const double* next_phi,
                    const double* next_emit, float* to_phi, float* to_emit) = nullptr;
};

/// A vector of doubles of the widest instruction set, and one element.
inline constexpr size_t kCtcSlack = 9;

const CtcLoops& ctc_loops(Isa isa);

}  // namespace danlu::cpu::simd
