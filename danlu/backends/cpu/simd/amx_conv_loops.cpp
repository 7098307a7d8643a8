#include "danlu/backends/cpu/simd/amx_conv_loops.h"

#include <algorithm>
#include <cstring>

#include "danlu/backends/cpu/simd/amx_conv_gradient_loops.h"
#include "danlu/backends/cpu/simd/amx_watch.h"

#ifdef DANLU_AMX

namespace danlu::cpu::simd {

using namespace amx;

static_assert(kConvParts<float> == kParts);

size_t AmxConvStrip::kernel_bytes(int parts) const {
  return static_cast<size_t>(parts_of(filters, kBlock) * num_reads * steps() * 2 * parts) *
         kTileBytes;
}

namespace {

/// 16 filters of channel `c` under a tap.
template <class T>
DANLU_AMX __m512 filters_of(const AmxConvStrip& s, int64_t tap, int64_t c, const T* kernel,
                            const KernelStrides& strides, int64_t first) {
  alignas(64) float numbers[kEdge] = {};
  if (tap >= 0 && c < s.channels) {
    const T* at = kernel + tap * strides.tap + c * strides.channel + first * strides.filter;
    for (int64_t f = 0; f < kEdge; ++f) numbers[f] = static_cast<float>(at[f * strides.filter]);
  }
  return _mm512_load_ps(numbers);
}

/// 16 filters of 16 channels under two taps, side by side.
DANLU_AMX bool pack_pair(const AmxConvStrip& s, const AmxRead& read, const bfloat16* kernel,
                         const KernelStrides& strides, int64_t first, std::byte* tile) {
  Watch<bfloat16> watch;
  for (int64_t c = 0; c < kEdge; ++c, tile += 64) {
    const __m512i both = paired(filters_of(s, read.tap, c, kernel, strides, first),
                                filters_of(s, read.next, c, kernel, strides, first));
    _mm512_store_si512(tile, both);
    watch.see(both);
  }
  return watch.is_strange();
}

/// 16 filters of 16 channels: the first part twice, the second twice, the third and the first.
DANLU_AMX bool pack_pair(const AmxConvStrip& s, const AmxRead& read, const float* kernel,
                         const KernelStrides& strides, int64_t first, std::byte* tile) {
  Watch<float> watch;
  for (int64_t c = 0; c < kEdge; ++c, tile += 64) {
    const __m512 x = filters_of(s, read.tap, c, kernel, strides, first);
    const __m512 part0 = rounded(x), part1 = rounded(_mm512_sub_ps(x, part0));
    const __m512 part2 = _mm512_sub_ps(_mm512_sub_ps(x, part0), part1);
    _mm512_store_si512(tile, paired(part0, part0));
    _mm512_store_si512(tile + 2 * kTileBytes, paired(part1, part1));
    _mm512_store_si512(tile + 4 * kTileBytes, paired(part2, part0));
    watch.see(_mm512_sub_ps(part2, part2));
  }
  return watch.is_strange();
}

/// 16 filters of 32 channels.
DANLU_AMX bool pack_step(const float* at, const KernelStrides& strides, int64_t depth,
                         std::byte* tile) {
  return strides.channel == 1 ? split<true, true>(at, strides.filter, kEdge, depth, tile)
                              : split<false, true>(at, strides.channel, kEdge, depth, tile);
}
DANLU_AMX bool pack_step(const bfloat16* at, const KernelStrides& strides, int64_t depth,
                         std::byte* tile) {
  strides.channel == 1 ? gather<true, true>(at, strides.filter, kEdge, depth, tile)
                       : gather<false, true>(at, strides.channel, kEdge, depth, tile);
  Watch<bfloat16> watch;
  for (int64_t i = 0; i < kEdge; ++i) watch.see(_mm512_load_si512(tile + i * 64));
  return watch.is_strange();
}

/// One step of channels. True if one is strange.
DANLU_AMX bool put_step(const float* from, int64_t stride, int64_t depth, int64_t count,
                        size_t part_bytes, std::byte* to) {
  const __mmask16 low_mask = lane_mask(depth), high_mask = lane_mask(depth - kEdge);
  Watch<float> watch;
  for (int64_t i = 0; i < count; ++i, from += stride, to += 64) {
    __m512 low = _mm512_maskz_loadu_ps(low_mask, from);
    __m512 high = _mm512_maskz_loadu_ps(high_mask, from + kEdge);
#pragma GCC unroll 3
    for (int p = 0; p < kParts; ++p) {
      const __m512 low_part = p + 1 < kParts ? rounded(low) : low;
      const __m512 high_part = p + 1 < kParts ? rounded(high) : high;
      _mm512_store_si512(to + static_cast<size_t>(p) * part_bytes, paired(low_part, high_part));
      low = _mm512_sub_ps(low, low_part);
      high = _mm512_sub_ps(high, high_part);
    }
    watch.see(low);
    watch.see(high);
  }
  return watch.is_strange();
}

DANLU_AMX bool put_step(const bfloat16* from, int64_t stride, int64_t depth, int64_t count, size_t,
                        std::byte* to) {
  const auto mask = static_cast<__mmask32>(depth >= 32 ? ~0u : (1u << depth) - 1);
  Watch<bfloat16> watch;
  for (int64_t i = 0; i < count; ++i, from += stride, to += 64) {
    const __m512i pixel = _mm512_maskz_loadu_epi16(mask, from);
    _mm512_store_si512(to, pixel);
    watch.see(pixel);
  }
  return watch.is_strange();
}

/// Pairs of parts of up to 16 channels, as AmxConvStrip says.
DANLU_AMX bool put_parts(const float* from, int64_t stride, int64_t channels, int64_t count,
                         size_t part_bytes, std::byte* to) {
  const __mmask16 mask = lane_mask(channels);
  Watch<float> watch;
  for (int64_t i = 0; i < count; ++i, from += stride, to += 64) {
    const __m512 x = _mm512_maskz_loadu_ps(mask, from);
    const __m512 part0 = rounded(x), part1 = rounded(_mm512_sub_ps(x, part0));
    const __m512 part2 = _mm512_sub_ps(_mm512_sub_ps(x, part0), part1);
    _mm512_store_si512(to, paired(part0, part1));
    _mm512_store_si512(to + part_bytes, paired(part0, part2));
    watch.see(_mm512_sub_ps(part2, part2));
  }
  return watch.is_strange();
}

/// Tiles 0 to 3, as `add_products`: three products of pairs of parts, each two of the six.
template <bool kTall>
DANLU_AMX [[gnu::always_inline]] inline void add_pairs(const std::byte* x, size_t part_bytes,
                                                       const std::byte* kernel) {
#define DANLU_LOAD_X(part)                   \
  _tile_loadd(4, x + (part)*part_bytes, 64); \
  if constexpr (kTall) _tile_loadd(5, x + (part)*part_bytes + kTileBytes, 64)
#define DANLU_MULTIPLY(part)                                  \
  _tile_loadd(6, kernel + (2 * (part)) * kTileBytes, 64);     \
  _tile_loadd(7, kernel + (2 * (part) + 1) * kTileBytes, 64); \
  _tile_dpbf16ps(0, 4, 6);                                    \
  _tile_dpbf16ps(1, 4, 7);                                    \
  if constexpr (kTall) _tile_dpbf16ps(2, 5, 6);               \
  if constexpr (kTall) _tile_dpbf16ps(3, 5, 7)
  DANLU_LOAD_X(1);
  DANLU_MULTIPLY(2);
  DANLU_LOAD_X(0);
  DANLU_MULTIPLY(1);
  DANLU_MULTIPLY(0);
#undef DANLU_LOAD_X
#undef DANLU_MULTIPLY
}

/// Up to 64 windows × 16 filters.
template <class T, bool kPairs, int kTiles>
DANLU_AMX void convolve_narrow(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                               const float* bias, float* y) {
  _tile_loadd(0, bias, 0);
  if constexpr (kTiles > 1) _tile_loadd(1, bias, 0);
  if constexpr (kTiles > 2) _tile_loadd(2, bias, 0);
  if constexpr (kTiles > 3) _tile_loadd(3, bias, 0);
  const size_t part_bytes = s.part_bytes(), step_bytes = s.step_bytes();
  const int64_t steps = s.steps();
  for (int64_t r = 0; r < s.num_reads; ++r) {
    const std::byte* at = x + s.reads[r].offset * 64;
    for (int64_t step = 0; step < steps; ++step, at += step_bytes) {
      if constexpr (std::is_same_v<T, float> && kPairs) {
#define DANLU_WINDOWS(tile)                                  \
  if constexpr (kTiles > (tile)) {                           \
    _tile_loadd(7, at + part_bytes + (tile)*kTileBytes, 64); \
    _tile_dpbf16ps(tile, 7, 6);                              \
    _tile_loadd(7, at + (tile)*kTileBytes, 64);              \
    _tile_dpbf16ps(tile, 7, 5);                              \
    _tile_dpbf16ps(tile, 7, 4);                              \
  }
        _tile_loadd(4, kernel, 64);
        _tile_loadd(5, kernel + 2 * kTileBytes, 64);
        _tile_loadd(6, kernel + 4 * kTileBytes, 64);
        DANLU_WINDOWS(0)
        DANLU_WINDOWS(1)
        DANLU_WINDOWS(2)
        DANLU_WINDOWS(3)
#undef DANLU_WINDOWS
      } else if constexpr (std::is_same_v<T, float>) {
        // The six products of parts that reach float32's last bit.
#define DANLU_WINDOWS(tile, part)                                   \
  if constexpr (kTiles > (tile)) {                                  \
    _tile_loadd(7, at + (part)*part_bytes + (tile)*kTileBytes, 64); \
    _tile_dpbf16ps(tile, 7, 4);                                     \
    if constexpr ((part) < 2) _tile_dpbf16ps(tile, 7, 5);           \
    if constexpr ((part) < 1) _tile_dpbf16ps(tile, 7, 6);           \
  }
        _tile_loadd(4, kernel, 64);
        DANLU_WINDOWS(0, 2)
        DANLU_WINDOWS(1, 2)
        DANLU_WINDOWS(2, 2)
        DANLU_WINDOWS(3, 2)
        _tile_loadd(5, kernel + 2 * kTileBytes, 64);
        DANLU_WINDOWS(0, 1)
        DANLU_WINDOWS(1, 1)
        DANLU_WINDOWS(2, 1)
        DANLU_WINDOWS(3, 1)
        _tile_loadd(6, kernel + 4 * kTileBytes, 64);
        DANLU_WINDOWS(0, 0)
        DANLU_WINDOWS(1, 0)
        DANLU_WINDOWS(2, 0)
        DANLU_WINDOWS(3, 0)
#undef DANLU_WINDOWS
      } else {
        _tile_loadd(4, kernel, 64);
        _tile_loadd(5, at, 64);
        _tile_dpbf16ps(0, 5, 4);
        if constexpr (kTiles > 1) {
          _tile_loadd(6, at + kTileBytes, 64);
          _tile_dpbf16ps(1, 6, 4);
        }
        if constexpr (kTiles > 2) {
          _tile_loadd(7, at + 2 * kTileBytes, 64);
          _tile_dpbf16ps(2, 7, 4);
        }
        if constexpr (kTiles > 3) {
          _tile_loadd(5, at + 3 * kTileBytes, 64);
          _tile_dpbf16ps(3, 5, 4);
        }
      }
      kernel += 2 * kConvParts<T> * kTileBytes;
    }
  }
  const size_t row = static_cast<size_t>(s.filters) * sizeof(float);
  const int64_t tile = kEdge * s.filters;
  _tile_stored(0, y, row);
  if constexpr (kTiles > 1) _tile_stored(1, y + tile, row);
  if constexpr (kTiles > 2) _tile_stored(2, y + 2 * tile, row);
  if constexpr (kTiles > 3) _tile_stored(3, y + 3 * tile, row);
}

/// 32 windows × 32 filters, or the upper half of them.
template <class T, bool kPairs, bool kTall>
DANLU_AMX void convolve_block(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                              const float* bias, float* y) {
  _tile_loadd(0, bias, 0);
  _tile_loadd(1, bias + kEdge, 0);
  if constexpr (kTall) _tile_loadd(2, bias, 0);
  if constexpr (kTall) _tile_loadd(3, bias + kEdge, 0);
  const size_t part_bytes = s.part_bytes(), step_bytes = s.step_bytes();
  const int64_t steps = s.steps();
  for (int64_t r = 0; r < s.num_reads; ++r) {
    const std::byte* at = x + s.reads[r].offset * 64;
    for (int64_t step = 0; step < steps; ++step, at += step_bytes) {
      if constexpr (std::is_same_v<T, float> && kPairs) {
        add_pairs<kTall>(at, part_bytes, kernel);
      } else if constexpr (std::is_same_v<T, float>) {
        add_products<kTall, true>(at, part_bytes, kernel);
      } else {
        add_product<kTall, true>(at, kernel);
      }
      kernel += 2 * kConvParts<T> * kTileBytes;
    }
  }
  const size_t row = static_cast<size_t>(s.filters) * sizeof(float);
  float* const below = y + kEdge * s.filters;
  _tile_stored(0, y, row);
  _tile_stored(1, y + kEdge, row);
  if constexpr (kTall) _tile_stored(2, below, row);
  if constexpr (kTall) _tile_stored(3, below + kEdge, row);
}

}  // namespace

template <class T>
bool amx_pack_kernel(const AmxConvStrip& s, const T* kernel, const KernelStrides& strides,
                     std::byte* out) {
  bool strange = false;
  for (int64_t f = 0; f < s.filters; f += kBlock) {
    for (int64_t r = 0; r < s.num_reads; ++r) {
      for (int64_t c = 0; c < s.channels; c += kStep, out += 2 * kConvParts<T> * kTileBytes) {
        for (int64_t half = 0; half < 2; ++half) {
          const int64_t first = f + half * kEdge;
          if (first >= s.filters) continue;
          std::byte* tile = out + static_cast<size_t>(half) * kTileBytes;
          const AmxRead& read = s.reads[r];
          const T* at =
              kernel + read.tap * strides.tap + c * strides.channel + first * strides.filter;
          strange |= s.pairs ? pack_pair(s, read, kernel, strides, first, tile)
                             : pack_step(at, strides, s.channels - c, tile);
        }
      }
    }
  }
  return strange;
}

template <class T>
bool amx_put_pixels(const AmxConvStrip& s, const T* x, int64_t stride, int64_t first, int64_t count,
                    std::byte* out) {
  std::byte* to = out + first * 64;
  if (s.pairs) {
    if constexpr (std::is_same_v<T, float>) {
      return put_parts(x, stride, s.channels, count, s.part_bytes(), to);
    } else {
      const AmxGradient lines{.channels = s.channels, .lines = s.pixels};
      return amx_put_pairs(lines, x, stride, first, count, out);
    }
  }
  bool strange = false;
  for (int64_t c = 0; c < s.channels; c += kStep, to += s.step_bytes()) {
    strange |= put_step(x + c, stride, s.channels - c, count, s.part_bytes(), to);
  }
  return strange;
}

template <class T>
void amx_clear_pixels(const AmxConvStrip& s, int64_t first, int64_t count, std::byte* out) {
  if (s.pairs && std::is_same_v<T, bfloat16>) {
    const AmxGradient lines{.channels = s.channels, .lines = s.pixels};
    return amx_clear_pairs<T>(lines, first, count, out);
  }
  for (int64_t plane = 0; plane < kConvParts<T> * s.steps(); ++plane) {
    std::memset(out + static_cast<size_t>(plane) * s.step_bytes() + first * 64, 0,
                static_cast<size_t>(count) * 64);
  }
}

namespace {

template <class T, bool kPairs>
void convolve(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel, const float* bias,
              float* y) {
  const size_t block_bytes =
      s.kernel_bytes(kConvParts<T>) / static_cast<size_t>(parts_of(s.filters, kBlock));
  int64_t f = 0;
  for (; f + kBlock <= s.filters; f += kBlock, kernel += block_bytes) {
    for (int64_t w = 0; w < s.windows; w += kBlock) {
      const auto function = w + kEdge < s.windows ? convolve_block<T, kPairs, true>
                                                  : convolve_block<T, kPairs, false>;
      function(s, x + w * 64, kernel, bias + f, y + w * s.filters + f);
    }
  }
  if (f == s.filters) return;
  for (int64_t w = 0; w < s.windows; w += 4 * kEdge) {
    const int64_t tiles = parts_of(s.windows - w, kEdge);
    const auto function = tiles >= 4   ? convolve_narrow<T, kPairs, 4>
                          : tiles == 3 ? convolve_narrow<T, kPairs, 3>
                          : tiles == 2 ? convolve_narrow<T, kPairs, 2>
                                       : convolve_narrow<T, kPairs, 1>;
    function(s, x + w * 64, kernel, bias + f, y + w * s.filters + f);
  }
}

}  // namespace

template <class T>
void amx_convolve(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                  const float* bias, float* y) {
  const bool pairs_of_parts = s.pairs && std::is_same_v<T, float>;
  (pairs_of_parts ? convolve<T, true> : convolve<T, false>)(s, x, kernel, bias, y);
}

bool windows_touch(const Pool2DAttrs& pool) {
  using Pair = std::array<int64_t, 2>;
  return pool.pool_size == pool.strides && pool.pad_before == Pair{0, 0} &&
         pool.pad_after == Pair{0, 0};
}

DANLU_AMX void amx_spread_row(const PoolGeometry& g, const bfloat16* grad, const uint8_t* index,
                              int64_t image, int64_t h, bfloat16* row) {
  const auto [height, width] = g.attrs.pool_size;
  const int64_t pooled = h / height, first = h % height * width;
  const int64_t columns = pooled < g.out_h ? g.out_w : 0;
  grad += (image * g.out_h + pooled) * g.out_w * g.channels;
  index += (image * g.out_h + pooled) * g.out_w * g.channels;
  for (int64_t column = 0; column < columns; ++column, grad += g.channels, index += g.channels) {
    for (int64_t i = 0; i < width; ++i, row += g.channels) {
      const __m256i wanted = _mm256_set1_epi8(static_cast<char>(first + i));
      for (int64_t c = 0; c < g.channels; c += 32) {
        const int64_t count = g.channels - c;
        const auto here = static_cast<__mmask32>(count >= 32 ? ~0u : (1u << count) - 1);
        const __m256i chosen = _mm256_maskz_loadu_epi8(here, index + c);
        const __mmask32 some = _mm256_mask_cmpeq_epi8_mask(here, chosen, wanted);
        _mm512_mask_storeu_epi16(row + c, here, _mm512_maskz_loadu_epi16(some, grad + c));
      }
    }
  }
  std::fill_n(row, (g.in_w - columns * width) * g.channels, bfloat16(0.0f));
}

DANLU_AMX void amx_round(const float* from, int64_t count, bfloat16* to) {
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    _mm512_storeu_si512(to + i,
                        rounded_pair(_mm512_loadu_ps(from + i), _mm512_loadu_ps(from + i + 16)));
  }
  for (; i < count; i += 16) {
    const __mmask16 mask = lane_mask(count - i);
    const auto half =
        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from + i)));
    _mm256_mask_storeu_epi16(to + i, mask, half);
  }
}

DANLU_AMX void amx_configure() {
  static const TileConfig config;
  _tile_loadconfig(&config);
}

DANLU_AMX void amx_release() { _tile_release(); }

template bool amx_pack_kernel(const AmxConvStrip&, const float*, const KernelStrides&, std::byte*);
template bool amx_pack_kernel(const AmxConvStrip&, const bfloat16*, const KernelStrides&,
                              std::byte*);
template bool amx_put_pixels(const AmxConvStrip&, const float*, int64_t, int64_t, int64_t,
                             std::byte*);
template bool amx_put_pixels(const AmxConvStrip&, const bfloat16*, int64_t, int64_t, int64_t,
                             std::byte*);
template void amx_clear_pixels<float>(const AmxConvStrip&, int64_t, int64_t, std::byte*);
template void amx_clear_pixels<bfloat16>(const AmxConvStrip&, int64_t, int64_t, std::byte*);
template void amx_convolve<float>(const AmxConvStrip&, const std::byte*, const std::byte*,
                                  const float*, float*);
template void amx_convolve<bfloat16>(const AmxConvStrip&, const std::byte*, const std::byte*,
                                     const float*, float*);

}  // namespace danlu::cpu::simd

#endif
