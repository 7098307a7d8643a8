#pragma once

#include "danlu/backends/cpu/simd/tile_plan.h"

namespace danlu::cpu::simd {

/// A flat program that generated code runs as a whole on operands where they lie: it can be run a
/// few elements at a time, at little cost per call.
class TileStream {
 public:
  /// `elements` in all.
  TileStream(const TileProgram& program, Isa isa, int64_t elements);

  /// Whether the program is such a one, and the system grants memory for code. Nothing else may be
  /// called if not.
  bool is_possible() const { return plan_.is_streaming(); }
  /// As Kernel::may_alias.
  bool may_alias(int output, int input) const;

  /// Of one run: what `begin` and `advance` have in common.
  size_t scratch_bytes() const;
  /// Goes to the first elements of operands. Scalars are read now.
  void begin(const void* const* inputs, void* const* outputs, std::byte* scratch) const;
  /// Computes the next `n` elements.
  void advance(std::byte* scratch, size_t n) const;

 private:
  TilePlan plan_;
  std::vector<uint32_t> moving_;  ///< registers that are operands
};

}  // namespace danlu::cpu::simd
