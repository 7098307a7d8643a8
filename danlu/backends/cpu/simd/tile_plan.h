#pragma once

#include <vector>

#include "danlu/backends/cpu/simd/tile_table.h"

namespace danlu::cpu::simd {

/// Elements of a tile: with up to eight of them alive, a program stays in the first-level cache.
inline constexpr int64_t kLongTile = 1024;
inline constexpr int64_t kShortTile = 512;

/// One loop over a tile. Operands are registers of the program.
struct TileStep {
  TileTable::Loop loop = nullptr;
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

  TilePlan(const TileProgram& program, Isa isa);

  const TileTable* table = nullptr;
  uint32_t num_inputs = 0, num_outputs = 0;
  uint32_t num_registers = 0;
  int64_t tile = kLongTile;

  std::vector<TileStep> once;                      ///< on uniform operands: once per space
  std::vector<TileStep> steps;                     ///< on each tile
  std::vector<uint32_t> direct_in;                 ///< full float32 inputs, read where they are
  std::vector<Load> full, scalars, rows, columns;  ///< converted, or laid out, first
  std::vector<Store> direct_out;  ///< full float32 outputs, written by the step itself
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

 private:
  void plan_buffers();
  void plan_aliases(const TileProgram& program);

  bool is_flat_ = true;
  bool reduces_inner_ = false;
};

}  // namespace danlu::cpu::simd
