#pragma once

#include "danlu/backends/cpu/simd/matmul.h"

namespace danlu::cpu::simd {

/// float32 products of any size and layout, blocked for the caches: panels of b are packed into the
/// first-level cache, a is read where it is.
KernelDef blocked_matmul();
KernelDef blocked_fused_matmul();
/// The same on AMX, where that is.
KernelDef amx_matmul();
KernelDef amx_fused_matmul();

/// Bytes for a packed panel of b.
inline constexpr size_t kPanelBytes = 32 * 1024;

/// Where factors are packed.
struct PackedPanels {
  float* memory = nullptr;  ///< `scratch_bytes`
  bool keeps = false;       ///< b is kept whole
  bool ready = false;       ///< a call with the same b, n and k has kept it
};

/// Takes a product block of rows by block of rows, and works on one while the next is computed.
class RowTaker {
 public:
  virtual ~RowTaker() = default;
  /// Where rows [row, row + rows) of the product go, c_row from one to the next; the rows before
  /// are complete. `some` will be called about `turns` times until these are.
  virtual float* begin(int64_t row, int64_t rows, int64_t turns) = 0;
  /// A little work on the rows before.
  virtual void some() = 0;
};

/// The loops for one ISA.
struct BlockedMatmul {
  int64_t rows, columns;  ///< c is best cut at multiples of them
  int64_t pack_rows;      ///< packing an element of b costs about as much as using it so often
  size_t (*scratch_bytes)(int64_t m, int64_t n, int64_t k, bool keeps);
  /// As MatmulFunction, with any stride between b's columns.
  void (*run)(const MatmulBlock& block, int64_t b_column, EpilogueFunction epilogue,
              PackedPanels panels);
  /// The same for blocks of `rows` rows, given to `taker`; `memory`: `scratch_bytes` of a block and
  /// a b that is kept. Null where there is no such thing.
  void (*run_by_rows)(const MatmulBlock& block, int64_t b_column, int64_t rows, RowTaker& taker,
                      float* memory) = nullptr;
};
BlockedMatmul blocked_matmul_function(Isa isa);

}  // namespace danlu::cpu::simd
