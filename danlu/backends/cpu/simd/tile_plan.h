#pragma once

#include <vector>

#include "danlu/backends/cpu/jit/generate.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simd/tile_table.h"

namespace danlu::cpu::simd {

/// Elements of a tile: with up to eight of them alive, a program stays in the first-level cache.
inline constexpr int64_t kLongTile = 1024;
inline constexpr int64_t kShortTile = 512;
/// Operands of more bytes together are not expected to be in a cache of one core.
inline constexpr int64_t kCachedBytes = 1 << 17;

/// One loop over a tile. Operands are registers of the program.
struct TileStep {
  TileTable::Loop loop = nullptr;
  TileOp op = TileOp::copy;
  uint32_t a = 0, b = 0, c = 0, out = 0;
  /// Which operands are one repeated value: [0] usually, [1] in tiles that lie within one row,
  /// where columns are too.
  uint32_t uniform[2] = {0, 0};
};

/// What every space of a program has in common: which loops run on which memory.
struct TilePlan {
  struct Load {
    uint32_t input;
    size_t element_size;
    void (*convert)(const void* in, float* out, size_t n);
    bool is_float;
  };
  struct Store {
    uint32_t reg, output;
    size_t element_size;
    void (*convert)(const float* in, void* out, size_t n);
  };
  struct Reduction {
    uint32_t reg, output;
    TileStore store;
    void (*convert)(const float* in, void* out, size_t n);
    size_t element_size;
    bool is_float;
  };
  struct Buffer {
    uint32_t reg;
    uint32_t slot;  ///< of the tile buffers
  };

  /// Steps [begin, end): one, run by its loop, or several, run by generated code.
  struct Stage {
    uint32_t begin = 0, end = 0;
    jit::SegmentFunction code[2] = {nullptr, nullptr};  ///< as TileStep::uniform

    bool is_loop() const { return end - begin == 1; }
  };

  /// `elements` in all spaces together.
  TilePlan(const TileProgram& program, Isa isa, TileCode code, int64_t elements);

  const TileTable* table = nullptr;
  uint32_t num_inputs = 0, num_outputs = 0;
  uint32_t num_registers = 0;
  int64_t tile = kLongTile;

  std::vector<TileStep> once;                      ///< on uniform operands: once per space
  std::vector<TileStep> steps;                     ///< on each tile
  std::vector<Stage> stages;                       ///< of all `steps`
  std::vector<uint32_t> direct_in;                 ///< full float32 inputs, read where they are
  std::vector<uint32_t> half_in;                   ///< full bfloat16 inputs that code reads there
  std::vector<Load> full, scalars, rows, columns;  ///< converted, or laid out, first
  std::vector<Store> direct_out;  ///< full float32 outputs, written by the step itself
  std::vector<Store> half_out;    ///< full bfloat16 outputs, written by code
  std::vector<Store> stores;      ///< at the end of each tile
  std::vector<Reduction> reductions;
  std::vector<uint32_t> uniform_registers;  ///< each with kUniform elements of its own
  std::vector<Buffer> buffers;
  uint32_t num_slots = 0;
  std::vector<bool> alias;  ///< (output, input)

  /// Whether the (outer, inner) structure matters, or any element may stand in any tile.
  bool is_flat() const { return is_flat_; }
  /// Whether a row must be finished by the thread that began it.
  bool reduces_inner() const { return reduces_inner_; }
  /// Whether generated code does everything on operands where they are, so that it needs no tiles.
  bool is_streaming() const;

  // Each register has a pointer to its memory; these set some of them.
  size_t pointer_bytes() const;
  /// Uniform registers: kUniform floats each from `memory` on, and the values.
  void place_uniform(const void* const* inputs, float* memory, float** regs) const;
  /// Operands that stay where they are, from element `offset` on.
  void place_streams(const void* const* inputs, void* const* outputs, int64_t offset,
                     float** regs) const;

 private:
  void generate(Isa isa, int64_t elements);
  std::vector<bool> registers_in_memory() const;
  void take_halves();
  bool computed_within(const Stage& stage, uint32_t reg) const;
  size_t stream_bytes() const;
  void plan_buffers(const std::vector<bool>& in_memory);
  void plan_aliases(const TileProgram& program);

  bool is_flat_ = true;
  bool reduces_inner_ = false;
  jit::SegmentCode code_;
};

}  // namespace danlu::cpu::simd
