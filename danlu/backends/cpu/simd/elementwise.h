#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Any one op that `tile_opcode` knows, run as a tile program of one instruction. Refuses float64,
/// dtypes whose values float32 does not hold exactly, and broadcasts that are no full, row, column
/// or scalar operands.
KernelDef elementwise();
/// Conversions between dtypes, float64 and integer to integer apart.
KernelDef cast();
/// Scalars, rows and columns of a 4-byte dtype, repeated.
KernelDef broadcast_to();

}  // namespace danlu::cpu::simd
