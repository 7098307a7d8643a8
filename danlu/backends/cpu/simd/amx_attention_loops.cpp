#include "danlu/backends/cpu/simd/amx_attention_loops.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <type_traits>

namespace danlu::cpu::simd::amx {
namespace {

/// 16 lines over 32 of k as tiles.
template <bool kAlongDepth, bool kOfB>
DANLU_AMX bool pack_tile(const float* x, int64_t stride, int64_t lines, int64_t depth,
                         std::byte* out) {
  return split<kAlongDepth, kOfB>(x, stride, lines, depth, out);
}
template <bool kAlongDepth, bool kOfB>
DANLU_AMX bool pack_tile(const bfloat16* x, int64_t stride, int64_t lines, int64_t depth,
                         std::byte* out) {
  gather<kAlongDepth, kOfB>(x, stride, lines, depth, out);
  return false;
}

/// As `gather<true, false>` of rounded numbers, or `gather<false, true>`.
template <bool kOfB>
DANLU_AMX void round_tile(const Lines& from, std::byte* out) {
  if constexpr (kOfB) {
    alignas(64) static constexpr uint16_t kInTurn[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                         21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                         11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i in_turn = _mm512_load_si512(kInTurn);
    const __mmask16 some = lane_mask(from.lines);
    const auto load = [&](int64_t i) DANLU_AMX {
      const bool here = i < from.depth;
      return _mm512_maskz_loadu_ps(here ? some : 0, here ? from.x + i * from.stride : from.x);
    };
    for (int64_t i = 0; i < kEdge; ++i, out += 64) {
      const __m512i pair = rounded_pair(load(2 * i), load(2 * i + 1));
      _mm512_store_si512(out, _mm512_permutexvar_epi16(in_turn, pair));
    }
  } else {
    for (int64_t i = 0; i < kEdge; ++i, out += 64) {
      _mm512_store_si512(out, rounded_pair(from.load(i, 0), from.load(i, 1)));
    }
  }
}

template <class T, bool kTall>
DANLU_AMX void multiply_block(const std::byte* a, const std::byte* b, int64_t steps, bool adds,
                              float* c, int64_t c_row) {
  const size_t row = static_cast<size_t>(c_row) * sizeof(float);
  float* const below = c + kEdge * c_row;
  if (adds) {
    _tile_loadd(0, c, row);
    _tile_loadd(1, c + kEdge, row);
    if constexpr (kTall) {
      _tile_loadd(2, below, row);
      _tile_loadd(3, below + kEdge, row);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t i = 0; i < steps; ++i, a += kPackedStep<T>, b += kPackedStep<T>) {
    if constexpr (std::is_same_v<T, float>) {
      add_products<kTall, true>(a, 2 * kTileBytes, b);
    } else {
      add_product<kTall, true>(a, b);
    }
  }
  _tile_stored(0, c, row);
  _tile_stored(1, c + kEdge, row);
  if constexpr (kTall) {
    _tile_stored(2, below, row);
    _tile_stored(3, below + kEdge, row);
  }
}

DANLU_AMX void store_some(__m512 x, __mmask16 some, float* out) {
  _mm512_mask_storeu_ps(out, some, x);
}
DANLU_AMX void store_some(__m512 x, __mmask16 some, bfloat16* out) {
  _mm256_mask_storeu_epi16(out, some, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}

}  // namespace

template <bool kOfB, class T>
DANLU_AMX bool pack_factor(const T* x, int64_t line, int64_t along, int64_t lines, int64_t depth,
                           std::byte* out) {
  bool strange = false;
  for (int64_t first = 0; first < lines; first += kBlock) {
    for (int64_t p = 0; p < depth; p += kStep, out += kPackedStep<T>) {
      for (int64_t half = 0; half < 2; ++half) {
        const int64_t begin = first + half * kEdge;
        const int64_t count = std::max<int64_t>(0, lines - begin);
        const T* at = x + (count > 0 ? begin * line : 0) + p * along;
        std::byte* tile = out + static_cast<size_t>(half) * kTileBytes;
        strange |= along == 1 ? pack_tile<true, kOfB>(at, line, count, depth - p, tile)
                              : pack_tile<false, kOfB>(at, along, count, depth - p, tile);
      }
    }
  }
  return strange;
}

template <bool kOfB, class T>
DANLU_AMX bool pack_weights(const float* x, int64_t row, int64_t lines, int64_t depth,
                            std::byte* out) {
  if constexpr (std::is_same_v<T, float>) {
    return pack_factor<kOfB>(x, kOfB ? 1 : row, kOfB ? row : 1, lines, depth, out);
  }
  for (int64_t first = 0; first < lines; first += kBlock) {
    for (int64_t p = 0; p < depth; p += kStep) {
      for (int64_t half = 0; half < 2; ++half, out += kTileBytes) {
        const int64_t begin = first + half * kEdge;
        const int64_t count = std::max<int64_t>(0, lines - begin);
        const float* at = count == 0 ? x : x + (kOfB ? begin + p * row : begin * row + p);
        round_tile<kOfB>({at, row, count, depth - p, !kOfB}, out);
      }
    }
  }
  return false;
}

template <class T>
DANLU_AMX void multiply_packed(const std::byte* a, int64_t rows, const std::byte* b,
                               int64_t columns, int64_t depth, bool adds, float* c, int64_t c_row) {
  const int64_t steps = parts_of(depth, kStep);
  const size_t panel = static_cast<size_t>(steps) * kPackedStep<T>;
  for (int64_t column = 0; column < columns; column += kBlock, b += panel) {
    const std::byte* rows_of_a = a;
    for (int64_t row = 0; row < rows; row += kBlock, rows_of_a += panel) {
      const auto block = rows - row > kEdge ? multiply_block<T, true> : multiply_block<T, false>;
      block(rows_of_a, b, steps, adds, c + row * c_row + column, c_row);
    }
  }
}

template <class T>
DANLU_AMX void store_rows(const float* x, int64_t row, int64_t rows, int64_t columns, T* out,
                          int64_t out_row) {
  for (int64_t r = 0; r < rows; ++r, x += row, out += out_row) {
    for (int64_t i = 0; i < columns; i += kEdge) {
      const __mmask16 some = lane_mask(columns - i);
      store_some(_mm512_maskz_loadu_ps(some, x + i), some, out + i);
    }
  }
}

template <class T>
DANLU_AMX void store_turned(const float* x, int64_t row, int64_t rows, int64_t columns, T* out,
                            int64_t out_row) {
  for (int64_t r = 0; r < rows; r += kEdge) {
    const __mmask16 some = lane_mask(rows - r);
    for (int64_t c = 0; c < columns; c += kEdge) {
      __m512i block[kEdge];
#pragma GCC unroll 16
      for (int64_t i = 0; i < kEdge; ++i) block[i] = _mm512_loadu_si512(x + (r + i) * row + c);
      transpose(block);
      const int64_t count = std::min(kEdge, columns - c);
      for (int64_t i = 0; i < count; ++i) {
        store_some(_mm512_castsi512_ps(block[i]), some, out + (c + i) * out_row + r);
      }
    }
  }
}

DANLU_AMX void begin_tiles() {
  static const TileConfig config;
  _tile_loadconfig(&config);
}
DANLU_AMX void end_tiles() { _tile_release(); }

#define DANLU_ATTENTION_LOOPS(T)                                                                  \
  template bool pack_factor<false, T>(const T*, int64_t, int64_t, int64_t, int64_t, std::byte*);  \
  template bool pack_factor<true, T>(const T*, int64_t, int64_t, int64_t, int64_t, std::byte*);   \
  template bool pack_weights<false, T>(const float*, int64_t, int64_t, int64_t, std::byte*);      \
  template bool pack_weights<true, T>(const float*, int64_t, int64_t, int64_t, std::byte*);       \
  template void multiply_packed<T>(const std::byte*, int64_t, const std::byte*, int64_t, int64_t, \
                                   bool, float*, int64_t);                                        \
  template void store_rows<T>(const float*, int64_t, int64_t, int64_t, T*, int64_t);              \
  template void store_turned<T>(const float*, int64_t, int64_t, int64_t, T*, int64_t);
DANLU_ATTENTION_LOOPS(float)
DANLU_ATTENTION_LOOPS(bfloat16)
#undef DANLU_ATTENTION_LOOPS

}  // namespace danlu::cpu::simd::amx

#endif
