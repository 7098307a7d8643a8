#pragma once

#include "danlu/backends/cpu/jit/assembler.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::cpu::jit {

/// Where the result goes and where the operands are. `to` may be any operand too.
struct Operands {
  Assembler::Vector to, a, b, c;
};

/// Writes the instructions of one operation, which can_generate answers for. The results are those
/// of the loops in simd/tile_basic.cpp, bit for bit (of a NaN: that it is one).
void emit(Assembler& assembler, TileOp op, const Operands& operands);

}  // namespace danlu::cpu::jit
