#include "danlu/backends/cpu/simd/amx_conv_gradient_loops.h"

#include <algorithm>
#include <cstring>

#include "danlu/backends/cpu/simd/amx_watch.h"

#ifdef DANLU_AMX

namespace danlu::cpu::simd {

using namespace amx;

namespace {

constexpr __mmask32 kFirstOfPair = 0x55555555, kSecondOfPair = 0xaaaaaaaa;
constexpr int64_t kTile = kEdge * kEdge;

/// 16 numbers as float32 whose upper halves are their parts.
template <class T>
struct Split {
  __m512i part[kConvParts<T>];
};

DANLU_AMX [[gnu::always_inline]] inline Split<float> split_up(__m512 x, Watch<float>& watch) {
  Split<float> split;
#pragma GCC unroll 3
  for (int p = 0; p < kParts; ++p) {
    const __m512 part = p + 1 < kParts ? rounded(x) : x;
    split.part[p] = _mm512_castps_si512(part);
    x = _mm512_sub_ps(x, part);
  }
  watch.see(x);
  return split;
}

DANLU_AMX [[gnu::always_inline]] inline Split<float> load_split(__mmask16 mask, const float* x,
                                                                Watch<float>& watch) {
  return split_up(_mm512_maskz_loadu_ps(mask, x), watch);
}

DANLU_AMX inline __m512 load(__mmask16 mask, const float* x) {
  return _mm512_maskz_loadu_ps(mask, x);
}
DANLU_AMX inline __m512 load(__mmask16 mask, const bfloat16* x) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, x)), 16));
}

DANLU_AMX [[gnu::always_inline]] inline Split<bfloat16> load_split(__mmask16 mask,
                                                                   const bfloat16* x,
                                                                   Watch<bfloat16>& watch) {
  const __m512i wide = _mm512_castps_si512(load(mask, x));
  watch.see(wide);
  return {{wide}};
}

/// 16 channels of `count` pixels.
template <class T>
DANLU_AMX bool put_block(const T* x, __mmask16 mask, int64_t stride, int64_t count,
                         size_t part_bytes, bool first_of_all, std::byte* to) {
  Watch<T> watch;
  Split<T> pixel = load_split(mask, x, watch);
  const auto at = [&](int part) { return to + static_cast<size_t>(part) * part_bytes; };
  if (!first_of_all) {
#pragma GCC unroll 3
    for (int p = 0; p < kConvParts<T>; ++p) {
      _mm512_mask_storeu_epi16(at(p) - 64, kSecondOfPair, pixel.part[p]);
    }
  }
  for (int64_t i = 1; i < count; ++i, to += 64) {
    x += stride;
    const Split<T> next = load_split(mask, x, watch);
#pragma GCC unroll 3
    for (int p = 0; p < kConvParts<T>; ++p) {
      _mm512_store_si512(at(p), _mm512_mask_mov_epi16(_mm512_srli_epi32(pixel.part[p], 16),
                                                      kSecondOfPair, next.part[p]));
    }
    pixel = next;
  }
#pragma GCC unroll 3
  for (int p = 0; p < kConvParts<T>; ++p) {
    _mm512_mask_storeu_epi16(at(p), kFirstOfPair, _mm512_srli_epi32(pixel.part[p], 16));
  }
  return watch.is_strange();
}

/// The 16 bytes at x[4 · kQuarter] of lines `first`, `first` + step, … side by side.
DANLU_AMX [[gnu::always_inline]] inline __m512i four_lines(const std::byte* const* lines, int first,
                                                           int step, size_t at) {
  const auto line = [&](int i) DANLU_AMX {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(lines[first + i * step] + at));
  };
  __m512i all = _mm512_castsi128_si512(line(0));
  all = _mm512_mask_broadcast_i32x4(all, 0x00f0, line(1));
  all = _mm512_mask_broadcast_i32x4(all, 0x0f00, line(2));
  return _mm512_mask_broadcast_i32x4(all, 0xf000, line(3));
}

/// turned[j] = number j of 16 lines.
DANLU_AMX [[gnu::always_inline]] inline void turn_lines(const std::byte* const* lines, int step,
                                                        size_t at, __m512i (&turned)[kEdge]) {
#pragma GCC unroll 4
  for (int quarter = 0; quarter < 4; ++quarter) {
    __m512i z[4], t[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      z[r] = four_lines(lines, r * step, 4 * step, at + static_cast<size_t>(quarter) * 16);
    }
    t[0] = _mm512_unpacklo_epi32(z[0], z[1]);
    t[1] = _mm512_unpackhi_epi32(z[0], z[1]);
    t[2] = _mm512_unpacklo_epi32(z[2], z[3]);
    t[3] = _mm512_unpackhi_epi32(z[2], z[3]);
    turned[4 * quarter] = _mm512_unpacklo_epi64(t[0], t[2]);
    turned[4 * quarter + 1] = _mm512_unpackhi_epi64(t[0], t[2]);
    turned[4 * quarter + 2] = _mm512_unpacklo_epi64(t[1], t[3]);
    turned[4 * quarter + 3] = _mm512_unpackhi_epi64(t[1], t[3]);
  }
}

/// A tile of each part from 16 filters of 32 windows, `at` bytes from where the lines begin.
DANLU_AMX bool put_tile(const float* const (&windows)[32], size_t at, std::byte* tile) {
  const auto* const lines = reinterpret_cast<const std::byte* const*>(windows);
  __m512i even[kEdge], odd[kEdge];
  turn_lines(lines, 2, at, even);
  turn_lines(lines + 1, 2, at, odd);
  Watch<float> watch;
#pragma GCC unroll 16
  for (int i = 0; i < kEdge; ++i, tile += 64) {
    const Split<float> low = split_up(_mm512_castsi512_ps(even[i]), watch);
    const Split<float> high = split_up(_mm512_castsi512_ps(odd[i]), watch);
#pragma GCC unroll 3
    for (int p = 0; p < kParts; ++p) {
      _mm512_store_si512(
          tile + static_cast<size_t>(p) * kTileBytes,
          _mm512_mask_mov_epi16(_mm512_srli_epi32(low.part[p], 16), kSecondOfPair, high.part[p]));
    }
  }
  return watch.is_strange();
}

DANLU_AMX bool put_tile(const bfloat16* const (&windows)[32], size_t at, std::byte* tile) {
  const auto* const lines = reinterpret_cast<const std::byte* const*>(windows);
  Watch<bfloat16> watch;
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m512i z[8], t[8];
#pragma GCC unroll 8
    for (int r = 0; r < 8; ++r) {
      z[r] = four_lines(lines, r, 8, at + static_cast<size_t>(half) * 16);
      watch.see(z[r]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      t[r] = _mm512_unpacklo_epi16(z[2 * r], z[2 * r + 1]);
      t[r + 4] = _mm512_unpackhi_epi16(z[2 * r], z[2 * r + 1]);
    }
    // t[r]: numbers 0 to 3 of lines 2r and 2r + 1 in pairs; t[r + 4]: numbers 4 to 7.
#pragma GCC unroll 2
    for (int four = 0; four < 2; ++four) {
      const __m512i* const x = t + 4 * four;
      const __m512i a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpackhi_epi32(x[0], x[1]);
      const __m512i c = _mm512_unpacklo_epi32(x[2], x[3]), d = _mm512_unpackhi_epi32(x[2], x[3]);
      std::byte* const to = tile + (half * 8 + four * 4) * 64;
      _mm512_store_si512(to, _mm512_unpacklo_epi64(a, c));
      _mm512_store_si512(to + 64, _mm512_unpackhi_epi64(a, c));
      _mm512_store_si512(to + 128, _mm512_unpacklo_epi64(b, d));
      _mm512_store_si512(to + 192, _mm512_unpackhi_epi64(b, d));
    }
  }
  return watch.is_strange();
}

/// The same from fewer filters.
template <class T>
[[gnu::noinline]] bool put_rest(const T* const (&windows)[32], int64_t first, int64_t count,
                                std::byte* tile) {
  alignas(64) T copies[32][kEdge] = {};
  const T* lines[32];
  for (int i = 0; i < 32; ++i) {
    std::copy(windows[i] + first, windows[i] + first + count, copies[i]);
    lines[i] = copies[i];
  }
  return put_tile(lines, 0, tile);
}

/// Up to four tiles of sums += the products of `steps` tiles of gradients, `tile_step` bytes apart,
/// and of lines.
template <class T, int kColumns>
DANLU_AMX void add_columns(const std::byte* a, size_t tile_step, const std::byte* const* b,
                           size_t part_bytes, int64_t steps, bool first, float* sums) {
  constexpr size_t kLine = 128;  // every second one
  if (first) {
    _tile_zero(0);
    if constexpr (kColumns > 1) _tile_zero(1);
    if constexpr (kColumns > 2) _tile_zero(2);
    if constexpr (kColumns > 3) _tile_zero(3);
  } else {
    _tile_loadd(0, sums, 64);
    if constexpr (kColumns > 1) _tile_loadd(1, sums + kTile, 64);
    if constexpr (kColumns > 2) _tile_loadd(2, sums + 2 * kTile, 64);
    if constexpr (kColumns > 3) _tile_loadd(3, sums + 3 * kTile, 64);
  }
  size_t at = 0;
  for (int64_t i = 0; i < steps; ++i, a += tile_step, at += kStep * 64) {
    if constexpr (std::is_same_v<T, float>) {
      // The six products of parts that reach float32's last bit.
#define DANLU_COLUMN(column, part)                             \
  if constexpr (kColumns > (column)) {                         \
    _tile_loadd(7, b[column] + at + (part)*part_bytes, kLine); \
    _tile_dpbf16ps(column, 4, 7);                              \
    if constexpr ((part) < 2) _tile_dpbf16ps(column, 5, 7);    \
    if constexpr ((part) < 1) _tile_dpbf16ps(column, 6, 7);    \
  }
      _tile_loadd(4, a, 64);
      DANLU_COLUMN(0, 2)
      DANLU_COLUMN(1, 2)
      DANLU_COLUMN(2, 2)
      DANLU_COLUMN(3, 2)
      _tile_loadd(5, a + kTileBytes, 64);
      DANLU_COLUMN(0, 1)
      DANLU_COLUMN(1, 1)
      DANLU_COLUMN(2, 1)
      DANLU_COLUMN(3, 1)
      _tile_loadd(6, a + 2 * kTileBytes, 64);
      DANLU_COLUMN(0, 0)
      DANLU_COLUMN(1, 0)
      DANLU_COLUMN(2, 0)
      DANLU_COLUMN(3, 0)
#undef DANLU_COLUMN
    } else {
      _tile_loadd(4, a, 64);
      _tile_loadd(5, b[0] + at, kLine);
      _tile_dpbf16ps(0, 4, 5);
      if constexpr (kColumns > 1) {
        _tile_loadd(6, b[1] + at, kLine);
        _tile_dpbf16ps(1, 4, 6);
      }
      if constexpr (kColumns > 2) {
        _tile_loadd(7, b[2] + at, kLine);
        _tile_dpbf16ps(2, 4, 7);
      }
      if constexpr (kColumns > 3) {
        _tile_loadd(5, b[3] + at, kLine);
        _tile_dpbf16ps(3, 4, 5);
      }
    }
  }
  _tile_stored(0, sums, 64);
  if constexpr (kColumns > 1) _tile_stored(1, sums + kTile, 64);
  if constexpr (kColumns > 2) _tile_stored(2, sums + 2 * kTile, 64);
  if constexpr (kColumns > 3) _tile_stored(3, sums + 3 * kTile, 64);
}

DANLU_AMX inline void store(float* to, __mmask16 mask, __m512 x) {
  _mm512_mask_storeu_ps(to, mask, x);
}
DANLU_AMX inline void store(bfloat16* to, __mmask16 mask, __m512 x) {
  _mm256_mask_storeu_epi16(to, mask, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}

}  // namespace

template <class T>
DANLU_AMX bool amx_put_pairs(const AmxGradient& g, const T* x, int64_t stride, int64_t first,
                             int64_t count, std::byte* lines) {
  if (count <= 0) return false;
  bool strange = false;
  std::byte* to = lines + first * 64;
  for (int64_t c = 0; c < g.channels; c += kEdge, to += g.block_bytes()) {
    strange |=
        put_block(x + c, lane_mask(g.channels - c), stride, count, g.part_bytes(), first == 0, to);
  }
  return strange;
}

template <class T>
DANLU_AMX void amx_clear_pairs(const AmxGradient& g, int64_t first, int64_t count,
                               std::byte* lines) {
  if (count <= 0) return;
  const __m512i zero = _mm512_setzero_si512();
  std::byte* to = lines + first * 64;
  for (int64_t i = 0; i < kConvParts<T> * g.channel_blocks(); ++i, to += g.block_bytes()) {
    if (first > 0) _mm512_mask_storeu_epi16(to - 64, kSecondOfPair, zero);
    std::memset(to, 0, static_cast<size_t>(count - 1) * 64);
    _mm512_mask_storeu_epi16(to + (count - 1) * 64, kFirstOfPair, zero);
  }
}

template <class T>
DANLU_AMX bool amx_put_windows(const AmxGradient& g, const T* const (&windows)[32],
                               std::byte* tiles) {
  bool strange = false;
  int64_t f = 0;
  for (; f + kEdge <= g.filters; f += kEdge, tiles += kConvParts<T> * kTileBytes) {
    strange |= put_tile(windows, static_cast<size_t>(f) * sizeof(T), tiles);
  }
  return f == g.filters ? strange : put_rest(windows, f, g.filters - f, tiles) || strange;
}

template <class T>
void amx_gradient(const AmxGradient& g, const std::byte* lines, const std::byte* tiles,
                  int64_t steps, float* sums) {
  constexpr int64_t kMostColumns = 4;
  // Lines that stay in the first-level cache while all filters meet them.
  constexpr int64_t kMostSteps = std::is_same_v<T, float> ? 1 << 20 : 8;
  constexpr int kParts = kConvParts<T>;
  const int64_t columns = g.columns(), turns = parts_of(columns, kMostColumns);
  const size_t tile_step = g.step_bytes(kParts);
  for (int64_t begin = 0; begin < steps; begin += kMostSteps) {
    const int64_t count = std::min(kMostSteps, steps - begin);
    for (int64_t turn = 0; turn < turns; ++turn) {
      const int64_t column = columns * turn / turns, next = columns * (turn + 1) / turns;
      const std::byte* b[kMostColumns] = {};
      for (int64_t i = column; i < next; ++i) {
        b[i - column] = lines + static_cast<size_t>(i / g.taps) * g.block_bytes() +
                        (g.offsets[i % g.taps] + begin * kStep) * 64;
      }
      const std::byte* a = tiles + static_cast<size_t>(begin) * tile_step;
      float* to = sums + column * kTile;
      for (int64_t f = 0; f < g.filter_blocks(); ++f, to += columns * kTile) {
        const auto add = next - column == 4   ? add_columns<T, 4>
                         : next - column == 3 ? add_columns<T, 3>
                         : next - column == 2 ? add_columns<T, 2>
                                              : add_columns<T, 1>;
        add(a, tile_step, b, g.part_bytes(), count, begin == 0, to);
        a += kParts * kTileBytes;
      }
    }
  }
}

template <class T>
DANLU_AMX void amx_add_pair(const AmxGradient& g, int64_t tap, int64_t first, int64_t count,
                            const T* x, const T* grad, float* sums) {
  for (int64_t c = first / kEdge * kEdge; c < first + count; c += kEdge) {
    const int64_t before = std::max<int64_t>(0, first - c);
    const auto mask = static_cast<__mmask16>(lane_mask(first + count - c) & ~lane_mask(before));
    const __m512 pixel = _mm512_maskz_expand_ps(
        mask,
        load(lane_mask(std::min(kEdge, first + count - c) - before), x + (c + before - first)));
    for (int64_t f = 0; f < g.filters; ++f) {
      float* to =
          sums + (f / kEdge * g.columns() + c / kEdge * g.taps + tap) * kTile + f % kEdge * kEdge;
      const __m512 sum = _mm512_loadu_ps(to);
      const __m512 grads = _mm512_set1_ps(static_cast<float>(grad[f]));
      _mm512_mask_storeu_ps(to, mask, _mm512_fmadd_ps(pixel, grads, sum));
    }
  }
}

template <class T>
DANLU_AMX void amx_gather_gradient(const AmxGradient& g, const float* sums, int64_t stride,
                                   int parts, int64_t begin, int64_t end, T* out) {
  for (int64_t column = begin; column < end; ++column) {
    const int64_t tap = column % g.taps, c = column / g.taps * kEdge;
    for (int64_t f = 0; f < g.filters; f += kEdge) {
      const float* tile = sums + (f / kEdge * g.columns() + column) * kTile;
      __m512i row[kEdge];
      for (int64_t i = 0; i < kEdge; ++i) {
        __m512 sum = _mm512_loadu_ps(tile + i * kEdge);
        for (int p = 1; p < parts; ++p) {
          sum = _mm512_add_ps(sum, _mm512_loadu_ps(tile + p * stride + i * kEdge));
        }
        row[i] = _mm512_castps_si512(sum);
      }
      transpose(row);
      const int64_t count = std::min(kEdge, g.channels - c);
      for (int64_t i = 0; i < count; ++i) {
        store(out + ((tap * g.channels + c + i) * g.filters + f), lane_mask(g.filters - f),
              _mm512_castsi512_ps(row[i]));
      }
    }
  }
}

#define DANLU_FOR(T)                                                                             \
  template bool amx_put_pairs(const AmxGradient&, const T*, int64_t, int64_t, int64_t,           \
                              std::byte*);                                                       \
  template void amx_clear_pairs<T>(const AmxGradient&, int64_t, int64_t, std::byte*);            \
  template bool amx_put_windows(const AmxGradient&, const T* const(&)[32], std::byte*);          \
  template void amx_gradient<T>(const AmxGradient&, const std::byte*, const std::byte*, int64_t, \
                                float*);                                                         \
  template void amx_add_pair(const AmxGradient&, int64_t, int64_t, int64_t, const T*, const T*,  \
                             float*);                                                            \
  template void amx_gather_gradient(const AmxGradient&, const float*, int64_t, int, int64_t,     \
                                    int64_t, T*);
DANLU_FOR(float)
DANLU_FOR(bfloat16)
#undef DANLU_FOR

}  // namespace danlu::cpu::simd

#endif
