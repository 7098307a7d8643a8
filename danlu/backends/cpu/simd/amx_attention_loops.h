#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/backends/cpu/simd/attention.h"

#ifdef DANLU_AMX

/// What attention on tiles needs beside its softmax: factors are packed, multiplied, and stored.
namespace danlu::cpu::simd::amx {

/// Of 32 rows, or columns, and 32 of k.
template <class T>
inline constexpr size_t kPackedStep = sizeof(T) == sizeof(float) ? kStepBytes : 2 * kTileBytes;

/// Bytes of `lines` rows, or columns, over `depth` of k.
template <class T>
size_t packed_bytes(int64_t lines, int64_t depth) {
  return static_cast<size_t>(parts_of(lines, kBlock) * parts_of(depth, kStep)) * kPackedStep<T>;
}

/// Packs a factor (rows of a, or columns of b), 32 lines after 32 lines. `line` and `along`:
/// elements from line to line, and from one element of a line to the next; one of them is 1. True
/// if an element is strange (see split_rows); never of bfloat16, which tiles take as it is.
template <bool kOfB, class T>
DANLU_AMX bool pack_factor(const T* x, int64_t line, int64_t along, int64_t lines, int64_t depth,
                           std::byte* out);
/// The same of float32 numbers that are rounded to T first. Rows of a are contiguous, and columns
/// of b stand side by side; `row`: elements from row to row of either.
template <bool kOfB, class T>
DANLU_AMX bool pack_weights(const float* x, int64_t row, int64_t lines, int64_t depth,
                            std::byte* out);

/// c (rows × columns), `c_row` from row to row, = or += packed a · packed b. What is rounded up to
/// multiples of 32 is c's own.
template <class T>
DANLU_AMX void multiply_packed(const std::byte* a, int64_t rows, const std::byte* b,
                               int64_t columns, int64_t depth, bool adds, float* c, int64_t c_row);

/// out = x, rounded to T; the rows of x are `row` apart, those of out `out_row`.
template <class T>
DANLU_AMX void store_rows(const float* x, int64_t row, int64_t rows, int64_t columns, T* out,
                          int64_t out_row);
/// out = xᵀ, of `columns` rows: x has whole blocks of 16 × 16.
template <class T>
DANLU_AMX void store_turned(const float* x, int64_t row, int64_t rows, int64_t columns, T* out,
                            int64_t out_row);

/// The softmax of 32 queries without bias or mask, as AttentionLoops::soften: `rows` ≤ 32. The
/// weights are packed as rows of a. True as of pack_factor.
template <class T>
DANLU_AMX bool soften_packed(const AttentionTile& tile, const AttentionRows& rows,
                             std::byte* weights);

/// 32 × 32 logits, and what becomes of them in the backward pass (see AttentionGradient).
struct PackedGradient {
  const float *scores, *scores_grad;  ///< rows are 32 apart
  float log_sum[kBlock], delta[kBlock];
  int64_t columns;
  float scale;
  std::byte* weights;     ///< out: the probabilities as columns of b
  std::byte* slopes;      ///< out: the gradient of query · key, likewise
  std::byte* slope_rows;  ///< out: the same as rows of a
};
/// As AttentionLoops::differentiate, without bias or mask. A row that is not there has the log sum
/// ∞. True as of pack_factor.
template <class T>
DANLU_AMX bool differentiate_packed(const PackedGradient& block);

/// Asks for rows that will be packed soon.
template <class T>
void fetch_rows(const T* x, int64_t row, int64_t rows, int64_t columns) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t r = 0; r < rows; ++r, x += row) {
    for (int64_t i = 0; i < columns; i += kLine) __builtin_prefetch(x + i, 0, 2);
  }
}

/// Between these two, tiles can be used.
DANLU_AMX void begin_tiles();
DANLU_AMX void end_tiles();

}  // namespace danlu::cpu::simd::amx

#endif
