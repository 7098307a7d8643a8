#pragma once

#include <memory>
#include <string>
#include <vector>

#include "danlu/runtime/kernel.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::cpu::simd {

/// Why the tile kernel cannot run `program`, or "".
std::string tile_refusal(const TileProgram& program);

/// How the steps of a program are run. The results are the same bits.
enum class TileCode : uint8_t {
  loops,      ///< each by a loop over the tile
  generated,  ///< two and more basic ones in a row by generated code, where that can be had
};

/// A kernel that runs `program` over `spaces`, one after another, in at most `threads` fixed
/// chunks: results depend on the program, the spaces, `threads` and `isa` alone.
///
/// Accuracy: as math-inl.h for each operation. Sums are added up in float32 within a tile (64 lanes
/// of at most 16 terms) and in double beyond.
///
/// `may_alias`: a full output may take the place of a full input of the same element size that
/// nothing reads after the output's instruction. An operand that is given to the kernel twice must
/// be allowed under each of its indices.
std::unique_ptr<Kernel> make_tile_kernel(const TileProgram& program,
                                         const std::vector<TileAttrs::Space>& spaces, int threads,
                                         Isa isa, TileCode code = TileCode::loops);

/// The kernels of the op `tile`: with generated code, and with loops alone.
KernelDef generated_tile();
KernelDef tile();

}  // namespace danlu::cpu::simd
