#pragma once

#include <optional>

#include "danlu/runtime/tile_program.h"

namespace danlu {

/// The tile operation that computes the elementwise op `op`, found by its name; its operands stand
/// in the op's order. Nothing for ops that tiles cannot do. `cast`, `copy` and `stop_gradient` are
/// TileOp::copy: a conversion is the business of the TileInput or TileOutput beside it.
///
/// Registers are float32, so an op may be fused only where float32 holds its operands and its
/// result exactly as their dtype would: always for float32, bool and uint8 comparisons; never for
/// integer arithmetic, float64, or a cast to an integer whose result is used further.
std::optional<TileOp> tile_opcode(const OpDef& op);

}  // namespace danlu
