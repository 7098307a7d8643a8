#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "danlu/runtime/kernel.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::cpu::jit {

/// One step of a segment. Operands and result are registers of the tile program; operands that the
/// operation does not have repeat `a`.
struct SegmentStep {
  TileOp op = TileOp::copy;
  uint32_t a = 0, b = 0, c = 0, out = 0;
  bool stored = false;  ///< whether the result leaves for its register's memory
};

/// A run of steps that becomes one function.
struct Segment {
  std::vector<SegmentStep> steps;
  std::vector<bool> uniform;  ///< by register: one repeated value, a whole vector of it in memory
  /// By register: memory that is too much for a cache and is fetched ahead of its use. May be
  /// empty.
  std::vector<bool> distant = {};
  /// By register: memory of bfloat16, which loads widen and stores round. May be empty.
  std::vector<bool> half = {};

  bool is_half(uint32_t reg) const { return !half.empty() && half[reg]; }
};

/// `registers[r]` is the memory of register r: `n` elements, or a vector of a uniform one. Each
/// element is read before the results of the same step are written, so a result may lie in the
/// memory of an operand that no later step reads.
using SegmentFunction = void (*)(float* const* registers, size_t n);

/// Whether code for this set of instructions can have registers of bfloat16 in memory.
bool can_convert(Isa isa);

/// Whether steps of this operation can stand in a segment: all but the transcendental ones.
bool can_generate(TileOp op);

}  // namespace danlu::cpu::jit
