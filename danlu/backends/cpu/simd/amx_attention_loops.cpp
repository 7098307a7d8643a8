#include "danlu/backends/cpu/simd/amx_attention_loops.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <cmath>
#include <limits>
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

/// Of bfloat16 numbers, 16 and 16: one of each in turn.
DANLU_AMX __m512i in_turn(__m512i x) {
  alignas(64) static constexpr uint16_t kPlaces[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                       21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                       11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(kPlaces), x);
}

/// As `gather<true, false>` of rounded numbers, or `gather<false, true>`.
template <bool kOfB>
DANLU_AMX void round_tile(const Lines& from, std::byte* out) {
  if constexpr (kOfB) {
    const __mmask16 some = lane_mask(from.lines);
    const auto load = [&](int64_t i) DANLU_AMX {
      const bool here = i < from.depth;
      return _mm512_maskz_loadu_ps(here ? some : 0, here ? from.x + i * from.stride : from.x);
    };
    for (int64_t i = 0; i < kEdge; ++i, out += 64) {
      _mm512_store_si512(out, in_turn(rounded_pair(load(2 * i), load(2 * i + 1))));
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

/// e^x for x below 88; NaN stays. The numbers are those of math-inl.h.
DANLU_AMX inline __m512 exponential(__m512 x) {
  const __m512 magic = _mm512_set1_ps(12582912.0f);  // 1.5 · 2^23: adding it rounds
  x = _mm512_max_ps(_mm512_set1_ps(-105.0f), x);
  const __m512 k = _mm512_sub_ps(_mm512_fmadd_ps(x, _mm512_set1_ps(1.44269504f), magic), magic);
  __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(0.693145751953125f), x);
  r = _mm512_fnmadd_ps(k, _mm512_set1_ps(1.428606765330187e-6f), r);
  __m512 p = _mm512_set1_ps(0.00138642231f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00836654194f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.0416675061f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.166665435f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.49999997f));
  p = _mm512_fmadd_ps(_mm512_mul_ps(r, r), p, r);
  return _mm512_scalef_ps(_mm512_add_ps(p, _mm512_set1_ps(1.0f)), k);
}

/// 16 numbers as three parts, see split_rows.
struct Parted {
  __m512 parts[kParts];
};
DANLU_AMX inline Parted parted(__m512 x) {
  const __m512 rest = _mm512_sub_ps(x, truncated(x));
  const __m512 middle = rounded(rest);
  return {{x, middle, _mm512_sub_ps(rest, middle)}};
}
/// Stores a row of tiles; true in lanes that are strange.
DANLU_AMX inline __mmask32 store_parts(const Parted& low, const Parted& high, std::byte* out) {
  const __m512i top = paired(low.parts[0], high.parts[0]);
  _mm512_store_si512(out, top);
  _mm512_store_si512(out + 2 * kTileBytes, paired(low.parts[1], high.parts[1]));
  _mm512_store_si512(out + 4 * kTileBytes, paired(low.parts[2], high.parts[2]));
  const __m512i too_large = _mm512_set1_epi16(static_cast<int16_t>(0xfe00));
  return _mm512_cmpge_epu16_mask(_mm512_add_epi16(top, top), too_large);
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
DANLU_AMX bool soften_packed(const AttentionTile& tile, const AttentionRows& rows,
                             std::byte* weights) {
  constexpr float kLow = -std::numeric_limits<float>::infinity();
  const __m512 scale = _mm512_set1_ps(tile.scale);
  __mmask32 strange = 0;
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* x = tile.scores + r * tile.stride;
    __m512 most = _mm512_set1_ps(rows.top[r]);
    int64_t seen = 0;
    for (; seen + kEdge <= tile.columns; seen += kEdge) {
      most = _mm512_max_ps(_mm512_mul_ps(_mm512_loadu_ps(x + seen), scale), most);
    }
    const __m512 last = _mm512_mul_ps(_mm512_loadu_ps(x + seen), scale);
    most = _mm512_mask_max_ps(most, lane_mask(tile.columns - seen), last, most);
    const float top = _mm512_reduce_max_ps(most);
    const float shift = top == kLow ? 0 : top;
    const __m512 by = _mm512_set1_ps(shift);
    const auto weight = [&](int64_t c) DANLU_AMX {
      const __m512 e = exponential(_mm512_fmsub_ps(_mm512_loadu_ps(x + c), scale, by));
      return c + kEdge <= tile.columns ? e : _mm512_maskz_mov_ps(lane_mask(tile.columns - c), e);
    };
    __m512 even = _mm512_setzero_ps(), odd = even;
    std::byte* out =
        weights + static_cast<size_t>(r / kEdge) * kTileBytes + static_cast<size_t>(r % kEdge) * 64;
    for (int64_t c = 0; c < tile.columns; c += kStep, out += kPackedStep<T>) {
      const __m512 first = weight(c), second = weight(c + kEdge);
      even = _mm512_add_ps(even, first);
      odd = _mm512_add_ps(odd, second);
      if constexpr (std::is_same_v<T, float>) {
        strange |= store_parts(parted(first), parted(second), out);
      } else {
        _mm512_store_si512(out, rounded_pair(first, second));
      }
    }
    const float old = rows.first ? 0 : std::exp(rows.top[r] - shift);
    rows.sum[r] = rows.sum[r] * old + _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
    rows.top[r] = top;
    if (rows.first || old == 1) continue;
    float* result = rows.result + r * rows.result_row;
    for (int64_t h = 0; h < rows.width; ++h) result[h] *= old;
  }
  return strange != 0;
}

template <class T>
DANLU_AMX bool differentiate_packed(const PackedGradient& b) {
  constexpr bool kWide = std::is_same_v<T, float>;
  const __m512 scale = _mm512_set1_ps(b.scale);
  const __mmask16 some[2] = {lane_mask(b.columns), lane_mask(b.columns - kEdge)};
  __mmask32 strange = 0;
  for (int64_t i = 0; i < kEdge; ++i) {
    // The rows that stand beside each other as k of a tile.
    const int64_t pair[2] = {kWide ? i : 2 * i, kWide ? i + kEdge : 2 * i + 1};
    __m512 weight[2][2], slope[2][2];
#pragma GCC unroll 2
    for (int p = 0; p < 2; ++p) {
      const __m512 log_sum = _mm512_set1_ps(b.log_sum[pair[p]]);
      const __m512 delta = _mm512_set1_ps(b.delta[pair[p]]);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const int64_t at = pair[p] * kBlock + half * kEdge;
        const __m512 x = _mm512_fmsub_ps(_mm512_load_ps(b.scores + at), scale, log_sum);
        const __m512 e = _mm512_maskz_mov_ps(some[half], exponential(x));
        const __m512 off = _mm512_sub_ps(_mm512_load_ps(b.scores_grad + at), delta);
        weight[p][half] = e;
        slope[p][half] = _mm512_mul_ps(_mm512_mul_ps(e, off), scale);
      }
    }
    const size_t row = static_cast<size_t>(i) * 64;
    if constexpr (kWide) {
      Parted parts[2][2];
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        strange |= store_parts(parted(weight[0][half]), parted(weight[1][half]),
                               b.weights + static_cast<size_t>(half) * kTileBytes + row);
        parts[0][half] = parted(slope[0][half]);
        parts[1][half] = parted(slope[1][half]);
        strange |= store_parts(parts[0][half], parts[1][half],
                               b.slopes + static_cast<size_t>(half) * kTileBytes + row);
      }
      store_parts(parts[0][0], parts[0][1], b.slope_rows + row);
      store_parts(parts[1][0], parts[1][1], b.slope_rows + kTileBytes + row);
    } else {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const size_t at = static_cast<size_t>(half) * kTileBytes + row;
        _mm512_store_si512(b.weights + at, in_turn(rounded_pair(weight[0][half], weight[1][half])));
        _mm512_store_si512(b.slopes + at, in_turn(rounded_pair(slope[0][half], slope[1][half])));
        _mm512_store_si512(b.slope_rows + static_cast<size_t>(pair[half]) * 64,
                           rounded_pair(slope[half][0], slope[half][1]));
      }
    }
  }
  return strange != 0;
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
  template bool soften_packed<T>(const AttentionTile&, const AttentionRows&, std::byte*);         \
  template bool differentiate_packed<T>(const PackedGradient&);                                   \
  template void store_rows<T>(const float*, int64_t, int64_t, int64_t, T*, int64_t);              \
  template void store_turned<T>(const float*, int64_t, int64_t, int64_t, T*, int64_t);
DANLU_ATTENTION_LOOPS(float)
DANLU_ATTENTION_LOOPS(bfloat16)
#undef DANLU_ATTENTION_LOOPS

}  // namespace danlu::cpu::simd::amx

#endif
