#pragma once

#if defined(__x86_64__) && defined(__linux__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "danlu/base/half.h"

/// Where code for tiles of bfloat16 can be compiled.
#define DANLU_AMX \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

/// What kernels on tiles share: float32 numbers as sums of three bfloat16 numbers, and their
/// products.
namespace danlu::cpu::simd::amx {

inline constexpr int kParts = 3;
inline constexpr int64_t kEdge = 16;          ///< rows of a tile, and its columns of 32 bits
inline constexpr int64_t kBlock = 2 * kEdge;  ///< rows and columns of c computed at once
inline constexpr int64_t kStep = 2 * kEdge;   ///< depth of one tile
inline constexpr size_t kTileBytes = 1024;
inline constexpr size_t kStepBytes =
    2 * kParts * kTileBytes;  ///< of 32 rows, or columns, and 32 of k
inline constexpr size_t kHeadBytes = 64;

inline int64_t parts_of(int64_t length, int64_t part) { return (length + part - 1) / part; }

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// r[i][j] = r[j][i].
DANLU_AMX inline void transpose(__m512i (&r)[16]) {
  __m512i t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 4; ++i) {
    const __m512i low = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    const __m512i high = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    const __m512i low2 = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    const __m512i high2 = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    t[i] = _mm512_shuffle_i32x4(low, low2, 0x88);
    t[i + 8] = _mm512_shuffle_i32x4(low, low2, 0xdd);
    t[i + 4] = _mm512_shuffle_i32x4(high, high2, 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(high, high2, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

/// The upper 16 bits of x: a bfloat16 number as float32.
DANLU_AMX inline __m512 truncated(__m512 x) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), upper));
}
/// The same, rounded.
DANLU_AMX inline __m512 rounded(__m512 x) {
  const __m512i half = _mm512_set1_epi32(0x8000);
  return truncated(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), half)));
}

/// Pairs of bfloat16: the upper halves of `low`, then those of `high`.
DANLU_AMX inline __m512i paired(__m512 low, __m512 high) {
  const __m512i upper =
      _mm512_broadcast_i32x4(_mm_setr_epi8(2, 3, 0, 0, 6, 7, 0, 0, 10, 11, 0, 0, 14, 15, 0, 0));
  return _mm512_mask_shuffle_epi8(_mm512_castps_si512(high), 0x3333333333333333,
                                  _mm512_castps_si512(low), upper);
}

/// The first `count` of 16 lanes.
inline __mmask16 lane_mask(int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xffff : count <= 0 ? 0 : (1 << count) - 1);
}

/// 16 lines of a factor (rows of a, columns of b) over 32 of k, zeros beyond `lines` and `depth`.
struct Lines {
  const float* x = nullptr;
  int64_t stride = 0;  ///< between lines if k is contiguous, else between the elements of one
  int64_t lines = 0, depth = 0;
  bool along_depth = false;  ///< k is contiguous

  bool are_whole() const { return lines >= kEdge && depth >= kStep; }
  /// The half (16 numbers) of line i, or of element i of all lines: elements i and i + 16.
  const float* at(int64_t i, int64_t half) const {
    return x + i * stride + half * kEdge * (along_depth ? 1 : stride);
  }
  DANLU_AMX __m512 load_whole(int64_t i, int64_t half) const {
    return _mm512_loadu_ps(at(i, half));
  }
  DANLU_AMX __m512 load(int64_t i, int64_t half) const {
    const bool here = along_depth ? i < lines : i + half * kEdge < depth;
    const __mmask16 some = lane_mask(along_depth ? depth - half * kEdge : lines);
    return _mm512_maskz_loadu_ps(here ? some : 0, here ? at(i, half) : x);
  }
};

/// `kRows` × 32 numbers as parts in tiles: `load(i, half)` gives half a row. The first part is
/// truncated and the second rounded, so that what the third holds is as often too little as too
/// much: of what is left out of a product, the mean is 0. True if one of them is
/// no number, or so large that sums of parts might leave the range.
template <int64_t kRows, class Load>
DANLU_AMX inline bool split_rows(const Load& load, std::byte* out) {
  static_assert(kParts == 3);
  __mmask32 strange = 0;
  const __m512i too_large = _mm512_set1_epi16(static_cast<int16_t>(0xfe00));  // 2^127, and no sign
#pragma GCC unroll 4
  for (int64_t i = 0; i < kRows; ++i, out += 64) {
    __m512 low = load(i, 0), high = load(i, 1);
    const __m512i top = paired(low, high);
    _mm512_store_si512(out, top);
    strange |= _mm512_cmpge_epu16_mask(_mm512_add_epi16(top, top), too_large);
    low = _mm512_sub_ps(low, truncated(low));
    high = _mm512_sub_ps(high, truncated(high));
    const __m512 low_part = rounded(low), high_part = rounded(high);
    _mm512_store_si512(out + 2 * kTileBytes, paired(low_part, high_part));
    low = _mm512_sub_ps(low, low_part);
    high = _mm512_sub_ps(high, high_part);
    _mm512_store_si512(out + 4 * kTileBytes, paired(low, high));
  }
  return strange != 0;
}

/// Both halves of 16 rows, turned: turned[half][i][j] = load(j, half)[i].
template <class Load>
DANLU_AMX inline void turn(const Load& load, __m512 (&turned)[2][kEdge]) {
  for (int64_t half = 0; half < 2; ++half) {
    __m512i r[kEdge];
#pragma GCC unroll 16
    for (int64_t i = 0; i < kEdge; ++i) r[i] = _mm512_castps_si512(load(i, half));
    transpose(r);
#pragma GCC unroll 16
    for (int64_t i = 0; i < kEdge; ++i) turned[half][i] = _mm512_castsi512_ps(r[i]);
  }
}

/// The parts of 16 lines over 32 of k as tiles (see Lines). Element p of k stands beside element
/// p + 16. A tile of b is turned against one of a: k runs down. True as in `split_rows`.
template <bool kAlongDepth, bool kOfB>
DANLU_AMX bool split(const float* x, int64_t stride, int64_t lines, int64_t depth, std::byte* out) {
  const Lines from{x, stride, lines, depth, kAlongDepth};
  const auto parts = [&](const auto& load) DANLU_AMX {
    if constexpr (kAlongDepth != kOfB) return split_rows<kEdge>(load, out);
    __m512 turned[2][kEdge];
    turn(load, turned);
    return split_rows<kEdge>([&](int64_t i, int64_t half) DANLU_AMX { return turned[half][i]; },
                             out);
  };
  if (from.are_whole()) {
    return parts([&](int64_t i, int64_t half) DANLU_AMX { return from.load_whole(i, half); });
  }
  return parts([&](int64_t i, int64_t half) DANLU_AMX { return from.load(i, half); });
}

/// Tiles 0 to 3 (rows 0 to 15 of c, two tiles of columns; with `kTall` rows 16 to 31) += the six
/// products of parts over 32 of k that reach float32's last bit. The parts of a are `a_part` bytes
/// apart, its lower rows a tile behind the upper ones; b is a step of `split`. b, which the
/// first-level cache holds, is loaded oftener than a. `between` is called before each product.
template <bool kTall, bool kWide, class Between>
DANLU_AMX [[gnu::always_inline]] inline void add_products(const std::byte* a, size_t a_part,
                                                          const std::byte* b,
                                                          const Between& between) {
#define DANLU_LOAD_A(part)               \
  _tile_loadd(4, a + (part)*a_part, 64); \
  if constexpr (kTall) _tile_loadd(5, a + (part)*a_part + kTileBytes, 64)
#define DANLU_LOAD_B(part)                           \
  _tile_loadd(6, b + (2 * (part)) * kTileBytes, 64); \
  if constexpr (kWide) _tile_loadd(7, b + (2 * (part) + 1) * kTileBytes, 64)
#define DANLU_MULTIPLY()                        \
  between();                                    \
  _tile_dpbf16ps(0, 4, 6);                      \
  if constexpr (kWide) _tile_dpbf16ps(1, 4, 7); \
  if constexpr (kTall) _tile_dpbf16ps(2, 5, 6); \
  if constexpr (kTall && kWide) _tile_dpbf16ps(3, 5, 7)
  DANLU_LOAD_A(0);
  DANLU_LOAD_B(2);
  DANLU_MULTIPLY();
  DANLU_LOAD_B(1);
  DANLU_MULTIPLY();
  DANLU_LOAD_B(0);
  DANLU_MULTIPLY();
  DANLU_LOAD_A(2);
  DANLU_MULTIPLY();
  DANLU_LOAD_A(1);
  DANLU_MULTIPLY();
  DANLU_LOAD_B(1);
  DANLU_MULTIPLY();
#undef DANLU_LOAD_A
#undef DANLU_LOAD_B
#undef DANLU_MULTIPLY
}

template <bool kTall, bool kWide>
DANLU_AMX [[gnu::always_inline]] inline void add_products(const std::byte* a, size_t a_part,
                                                          const std::byte* b) {
  add_products<kTall, kWide>(a, a_part, b, [] {});
}

/// 16 lines of bfloat16 over 32 of k as one tile, as `split` does it, but for the order of k: every
/// element stands beside its neighbour.
template <bool kAlongDepth, bool kOfB>
DANLU_AMX void gather(const bfloat16* x, int64_t stride, int64_t lines, int64_t depth,
                      std::byte* out) {
  __m512i row[16];
  if constexpr (kAlongDepth) {
    const auto mask = static_cast<__mmask32>(depth >= 32 ? ~0u : (1u << depth) - 1);
#pragma GCC unroll 16
    for (int64_t i = 0; i < 16; ++i) {
      row[i] = _mm512_maskz_loadu_epi16(i < lines ? mask : 0, x + (i < lines ? i * stride : 0));
    }
  } else {
    const __mmask16 mask = lane_mask(lines);
    const auto load = [&](int64_t at) DANLU_AMX {
      const bool here = at < depth;
      return _mm512_cvtepu16_epi32(
          _mm256_maskz_loadu_epi16(here ? mask : 0, x + (here ? at * stride : 0)));
    };
#pragma GCC unroll 16
    for (int64_t i = 0; i < 16; ++i) {
      row[i] = _mm512_or_si512(load(2 * i), _mm512_slli_epi32(load(2 * i + 1), 16));
    }
  }
  if constexpr (kAlongDepth == kOfB) transpose(row);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) _mm512_store_si512(out + static_cast<size_t>(i) * 64, row[i]);
}

/// As `add_products`, of bfloat16 numbers that `gather` has put together.
template <bool kTall, bool kWide>
DANLU_AMX [[gnu::always_inline]] inline void add_product(const std::byte* a, const std::byte* b) {
  _tile_loadd(4, a, 64);
  _tile_loadd(6, b, 64);
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (kWide) {
    _tile_loadd(7, b + kTileBytes, 64);
    _tile_dpbf16ps(1, 4, 7);
  }
  if constexpr (kTall) {
    _tile_loadd(5, a + kTileBytes, 64);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (kWide) _tile_dpbf16ps(3, 5, 7);
  }
}

/// 32 numbers rounded to the nearest bfloat16.
DANLU_AMX inline __m512i rounded_pair(__m512 low, __m512 high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

}  // namespace danlu::cpu::simd::amx

#endif
