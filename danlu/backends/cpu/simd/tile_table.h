#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "danlu/runtime/kernel.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::cpu::simd {

/// Elements a uniform operand holds: one vector of the widest target, all alike.
inline constexpr size_t kUniform = 16;

/// The loops of one instruction set over float32 tiles.
struct TileTable {
  /// out[i] = op(a[i], b[i], c[i]) for i < n. Bit k of `uniform` says that operand k (a, b, c)
  /// points at kUniform equal elements instead of n. `out` may be an operand itself.
  using Loop = void (*)(const float* a, const float* b, const float* c, float* out, size_t n,
                        uint32_t uniform);
  std::array<Loop, kNumTileOps> loops{};

  /// Conversions by DType; float64 and complex64 have none.
  std::array<void (*)(const void* in, float* out, size_t n), kNumDTypes> load{};
  std::array<void (*)(const float* in, void* out, size_t n), kNumDTypes> store{};

  double (*sum)(const float* x, size_t n) = nullptr;
  /// acc[j] += Σ_r x[r, j]. Shapes: x (rows, inner).
  void (*sum_rows)(const float* x, size_t rows, size_t inner, double* acc) = nullptr;
  /// Greatest element, NaN if there is one; −∞ for n = 0.
  float (*max)(const float* x, size_t n) = nullptr;
};

/// The loops for `isa`, which the CPU must have; lesser ones where the build lacks it.
const TileTable& tile_table(Isa isa);

/// Each fills its part of the table.
void add_basic_loops(Isa isa, TileTable& table);
void add_math_loops(Isa isa, TileTable& table);
void add_conversions(Isa isa, TileTable& table);

}  // namespace danlu::cpu::simd
