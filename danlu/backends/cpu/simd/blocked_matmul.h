#pragma once

#include "danlu/backends/cpu/simd/matmul.h"

namespace danlu::cpu::simd {

/// float32 products of any size and layout, blocked for the caches: panels of b are packed into the
/// first-level cache, a is read where it is.
KernelDef blocked_matmul();
KernelDef blocked_fused_matmul();

/// Bytes for a packed panel of b.
inline constexpr size_t kPanelBytes = 32 * 1024;

/// The loops for one ISA.
struct BlockedMatmul {
  int lanes;  ///< columns are best cut at multiples of it
  /// As MatmulFunction, with any stride between b's columns; `panel` has kPanelBytes.
  void (*run)(const MatmulBlock& block, int64_t b_column, EpilogueFunction epilogue, float* panel);
};
BlockedMatmul blocked_matmul_function(Isa isa);

}  // namespace danlu::cpu::simd
