#include "danlu/backends/cpu/simd/amx_matmul.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DANLU_AMX \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace danlu::cpu::simd {
namespace {

constexpr int kParts = 3;
constexpr int64_t kEdge = 16;          ///< rows of a tile, and its columns of 32 bits
constexpr int64_t kBlock = 2 * kEdge;  ///< rows and columns of c computed at once
constexpr int64_t kStep = 2 * kEdge;   ///< depth of one tile
constexpr int64_t kMostDepth = 128;    ///< so that a panel of b stays in the first-level cache
/// A block of c that stays in the second-level cache while all of k is added to it.
constexpr int64_t kRowBlock = 480, kColumnBlock = 512;
constexpr size_t kTileBytes = 1024;
constexpr size_t kStepBytes = 2 * kParts * kTileBytes;  ///< of 32 rows, or columns, and 32 of k
constexpr size_t kPackBytes = kMostDepth / kStep * kStepBytes;
constexpr size_t kHeadBytes = 64;

int64_t parts_of(int64_t length, int64_t part) { return (length + part - 1) / part; }

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

/// The upper 16 bits of x, rounded: a bfloat16 number as float32.
DANLU_AMX inline __m512 rounded(__m512 x) {
  const __m512i half = _mm512_set1_epi32(0x8000);
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  return _mm512_castsi512_ps(
      _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), half), upper));
}

/// Pairs of bfloat16: the upper halves of `low`, then those of `high`.
DANLU_AMX inline __m512i paired(__m512 low, __m512 high) {
  return _mm512_mask_mov_epi16(_mm512_srli_epi32(_mm512_castps_si512(low), 16), 0xaaaaaaaa,
                               _mm512_castps_si512(high));
}

/// The parts of 16 lines of a factor (rows of a, columns of b) over 32 of k as tiles, zeros beyond
/// `lines` and `depth`. `stride`: between lines if k is contiguous, else between the elements of
/// one. Element p of k stands beside element p + 16. A tile of b is turned against one of a: k runs
/// down. True if an element is too large for a bfloat16, or no number.
template <bool kAlongDepth, bool kOfB>
DANLU_AMX bool split(const float* x, int64_t stride, int64_t lines, int64_t depth, std::byte* out) {
  __m512i part[kParts][16];
  __mmask16 strange = 0;
  const auto mask = [](int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffff : count <= 0 ? 0 : (1 << count) - 1);
  };
  const __mmask16 first = mask(kAlongDepth ? depth : lines);
  const __mmask16 second = mask(kAlongDepth ? depth - 16 : lines);
#pragma GCC unroll 2
  for (int64_t i = 0; i < 16; ++i) {
    const bool here = i < (kAlongDepth ? lines : depth);
    const bool there = kAlongDepth ? here : i + 16 < depth;
    const float* at = x + (here ? i * stride : 0);
    __m512 low = _mm512_maskz_loadu_ps(here ? first : 0, at);
    __m512 high = _mm512_maskz_loadu_ps(there ? second : 0, at + (kAlongDepth ? 16 : 16 * stride));
#pragma GCC unroll 3
    for (int p = 0; p < kParts; ++p) {
      const __m512 low_part = p + 1 < kParts ? rounded(low) : low;
      const __m512 high_part = p + 1 < kParts ? rounded(high) : high;
      part[p][i] = paired(low_part, high_part);
      low = _mm512_sub_ps(low, low_part);
      high = _mm512_sub_ps(high, high_part);
    }
    // Infinity less infinity is no number.
    strange |= _mm512_cmp_ps_mask(low, high, _CMP_UNORD_Q);
  }
  for (int p = 0; p < kParts; ++p, out += 2 * kTileBytes) {
    if constexpr (kAlongDepth == kOfB) transpose(part[p]);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      _mm512_store_si512(out + static_cast<size_t>(i) * 64, part[p][i]);
    }
  }
  return strange != 0;
}

/// Asks for rows [begin, end) of a matrix, for the first-level cache or the second.
template <int kLocality>
void fetch(const float* x, int64_t row, int64_t length, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t j = 0; j < length; j += 16) __builtin_prefetch(x + i * row + j, 0, kLocality);
  }
}

/// 32 lines over the depth of a panel: by steps of 32, by parts, by halves.
template <bool kOfB>
DANLU_AMX bool pack(const float* x, int64_t line, int64_t along, int64_t lines, int64_t depth,
                    std::byte* out) {
  bool strange = false;
  for (int64_t p = 0; p < depth; p += kStep, out += kStepBytes) {
    const int64_t next = p + kStep, more = std::min(kStep, depth - next);
    if (along == 1) {
      fetch<3>(x + next, line, more, 0, lines);
    } else {
      fetch<3>(x + next * along, along, lines, 0, more);
    }
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t count = std::min(kEdge, lines - half * kEdge);
      std::byte* tile = out + static_cast<size_t>(half) * kTileBytes;
      if (count <= 0) {
        for (int i = 0; i < kParts; ++i) std::memset(tile + 2 * i * kTileBytes, 0, kTileBytes);
      } else if (const float* at = x + half * kEdge * line + p * along; along == 1) {
        strange |= split<true, kOfB>(at, line, count, depth - p, tile);
      } else {
        strange |= split<false, kOfB>(at, along, count, depth - p, tile);
      }
    }
  }
  return strange;
}

/// c (32 × 32, or its upper half) = or += the product of packed a and b over `steps`.
template <bool kWhole>
DANLU_AMX void multiply(const std::byte* a, const std::byte* b, int64_t steps, float* c,
                        int64_t c_row, bool adds) {
  const size_t stride = static_cast<size_t>(c_row) * sizeof(float);
  float* const below = c + kEdge * c_row;
  if (adds) {
    _tile_loadd(0, c, stride);
    _tile_loadd(1, c + kEdge, stride);
    if constexpr (kWhole) {
      _tile_loadd(2, below, stride);
      _tile_loadd(3, below + kEdge, stride);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
#define DANLU_LOAD_A(part)                           \
  _tile_loadd(4, a + (2 * (part)) * kTileBytes, 64); \
  if constexpr (kWhole) _tile_loadd(5, a + (2 * (part) + 1) * kTileBytes, 64)
#define DANLU_LOAD_B(part)                           \
  _tile_loadd(6, b + (2 * (part)) * kTileBytes, 64); \
  _tile_loadd(7, b + (2 * (part) + 1) * kTileBytes, 64)
#define DANLU_MULTIPLY()     \
  _tile_dpbf16ps(0, 4, 6);   \
  _tile_dpbf16ps(1, 4, 7);   \
  if constexpr (kWhole) {    \
    _tile_dpbf16ps(2, 5, 6); \
    _tile_dpbf16ps(3, 5, 7); \
  }
  for (int64_t i = 0; i < steps; ++i, a += kStepBytes, b += kStepBytes) {
    DANLU_LOAD_A(0);
    DANLU_LOAD_B(2);
    DANLU_MULTIPLY();
    DANLU_LOAD_B(0);
    DANLU_MULTIPLY();
    DANLU_LOAD_A(2);
    DANLU_MULTIPLY();
    DANLU_LOAD_A(1);
    DANLU_MULTIPLY();
    DANLU_LOAD_B(1);
    DANLU_MULTIPLY();
    DANLU_LOAD_A(0);
    DANLU_MULTIPLY();
  }
#undef DANLU_LOAD_A
#undef DANLU_LOAD_B
#undef DANLU_MULTIPLY
  _tile_stored(0, c, stride);
  _tile_stored(1, c + kEdge, stride);
  if constexpr (kWhole) {
    _tile_stored(2, below, stride);
    _tile_stored(3, below + kEdge, stride);
  }
}

int64_t depths_of(int64_t k) { return parts_of(k, kMostDepth); }
int64_t panels_of(int64_t n, int64_t k) { return parts_of(n, kBlock) * depths_of(k); }

/// Memory: a word that says whether b is strange, panels of b, a block of a, a block of c.
struct Layout {
  size_t b = kHeadBytes, a, c, end;
  Layout(int64_t m, int64_t n, int64_t k, bool keeps) {
    a = b + kPackBytes * static_cast<size_t>(keeps ? panels_of(n, k) : 1);
    const auto blocks = static_cast<size_t>(parts_of(std::min(m, kRowBlock), kBlock));
    c = a + std::max(kPanelBytes, kPackBytes * blocks);
    end = c + kBlock * kBlock * sizeof(float);
  }
};

size_t scratch_bytes(int64_t m, int64_t n, int64_t k, bool keeps) {
  return Layout(m, n, k, keeps).end;
}

/// As `multiply` for a part of 32 × 32 of c.
void multiply_part(const std::byte* a, const std::byte* b, int64_t steps, float* c, int64_t c_row,
                   int64_t rows, int64_t columns, bool adds, float* whole) {
  const auto function = rows <= kEdge ? multiply<false> : multiply<true>;
  if ((rows == kBlock || rows == kEdge) && columns == kBlock) {
    function(a, b, steps, c, c_row, adds);
    return;
  }
  const size_t bytes = static_cast<size_t>(columns) * sizeof(float);
  if (adds) {
    for (int64_t r = 0; r < rows; ++r) std::memcpy(whole + r * kBlock, c + r * c_row, bytes);
  }
  function(a, b, steps, whole, kBlock, adds);
  for (int64_t r = 0; r < rows; ++r) std::memcpy(c + r * c_row, whole + r * kBlock, bytes);
}

/// A block of c, depth by depth and panel by panel; true if a factor is strange.
bool add_products(const MatmulBlock& t, int64_t b_column, const Layout& at, std::byte* memory,
                  PackedPanels packed, size_t& kept) {
  bool strange = false;
  auto* edge = reinterpret_cast<float*>(memory + at.c);
  const int64_t blocks = parts_of(t.m, kBlock);
  for (int64_t begin = 0; begin < t.k; begin += kMostDepth) {
    const int64_t depth = std::min(kMostDepth, t.k - begin), steps = parts_of(depth, kStep);
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * kBlock;
      strange |= pack<false>(t.a + row * t.a_row + begin * t.a_column, t.a_row, t.a_column,
                             std::min(kBlock, t.m - row), depth, memory + at.a + i * kPackBytes);
    }
    for (int64_t column = 0; column < t.n; column += kBlock) {
      std::byte* b = memory + at.b + (packed.keeps ? kept++ * kPackBytes : 0);
      const int64_t columns = std::min(kBlock, t.n - column);
      const bool last = column + kBlock >= t.n;
      const int64_t next_begin = last ? begin + kMostDepth : begin;
      const int64_t next_column = last ? 0 : column + kBlock;
      if (!packed.ready) {
        strange |= pack<true>(t.b + column * b_column + begin * t.b_row, b_column, t.b_row, columns,
                              depth, b);
      }
      for (int64_t i = 0; i < blocks; ++i) {
        if (!packed.ready && next_begin < t.k) {
          const float* next = t.b + next_column * b_column + next_begin * t.b_row;
          const int64_t lines = std::min(kBlock, t.n - next_column);
          const int64_t length = std::min(kMostDepth, t.k - next_begin);
          if (b_column == 1) {
            fetch<2>(next, t.b_row, lines, length * i / blocks, length * (i + 1) / blocks);
          } else {
            fetch<2>(next, b_column, length, lines * i / blocks, lines * (i + 1) / blocks);
          }
        }
        const int64_t row = i * kBlock;
        multiply_part(memory + at.a + i * kPackBytes, b, steps, t.c + row * t.c_row + column,
                      t.c_row, std::min(kBlock, t.m - row), columns, begin > 0, edge);
      }
    }
  }
  return strange;
}

DANLU_AMX void run(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue,
                   PackedPanels packed) {
  static const TileConfig config;
  static const BlockedMatmul plain = blocked_matmul_function(Isa::avx512);
  const Layout at(t.m, t.n, t.k, packed.keeps);
  auto* memory = reinterpret_cast<std::byte*>(packed.memory);
  bool& strange = *reinterpret_cast<bool*>(memory);
  if (!packed.ready) strange = false;
  bool any_strange = strange;
  _tile_loadconfig(&config);
  for (int64_t row = 0; row < t.m && !any_strange; row += kRowBlock) {
    size_t kept = 0;
    for (int64_t column = 0; column < t.n; column += kColumnBlock) {
      MatmulBlock part = t;
      part.m = std::min(kRowBlock, t.m - row);
      part.n = std::min(kColumnBlock, t.n - column);
      part.a += row * t.a_row;
      part.b += column * b_column;
      part.c += row * t.c_row + column;
      if (part.bias != nullptr) part.bias += column;
      any_strange |= add_products(part, b_column, at, memory, packed, kept);
      if (part.bias != nullptr || t.activation != FusedActivation::none) {
        epilogue(part.c, part.m, part.n, part.c_row, part.bias, t.activation);
      }
    }
    packed.ready = packed.keeps;
  }
  _tile_release();
  if (!any_strange) return;
  strange = true;
  plain.run(t, b_column, epilogue, {reinterpret_cast<float*>(memory + at.a)});
}

bool system_grants_tiles() {
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512bw")) {
    return false;
  }
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  const bool tiles = (d >> 24 & 1) != 0, bfloat16 = (d >> 22 & 1) != 0;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return tiles && bfloat16 && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool has_amx() {
  static const bool has = [] {
    const char* limit = std::getenv("DANLU_ISA");
    const bool limited = limit != nullptr && *limit != '\0' && std::string_view(limit) != "amx";
    return !limited && cpu_isa() >= Isa::avx512 && system_grants_tiles();
  }();
  return has;
}

BlockedMatmul amx_matmul_function() {
  return {.rows = kEdge,
          .columns = kBlock,
          .pack_rows = 64,
          .scratch_bytes = scratch_bytes,
          .run = run};
}

}  // namespace danlu::cpu::simd

#else

namespace danlu::cpu::simd {

bool has_amx() { return false; }
BlockedMatmul amx_matmul_function() { return blocked_matmul_function(Isa::baseline); }

}  // namespace danlu::cpu::simd

#endif
