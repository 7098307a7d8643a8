#include "danlu/backends/cpu/simd/amx_conv_loops.h"

#include <cstring>

#include "danlu/backends/cpu/simd/amx_tiles.h"

#ifdef DANLU_AMX

namespace danlu::cpu::simd {

using namespace amx;

static_assert(kConvParts<float> == kParts);

size_t AmxConvStrip::kernel_bytes(int parts) const {
  return static_cast<size_t>(parts_of(filters, kBlock) * taps * steps() * 2 * parts) * kTileBytes;
}

template <class T>
DANLU_AMX bool amx_pack_kernel(const AmxConvStrip& s, const T* kernel, const KernelStrides& strides,
                               std::byte* out) {
  bool strange = false;
  for (int64_t f = 0; f < s.filters; f += kBlock) {
    for (int64_t tap = 0; tap < s.taps; ++tap) {
      for (int64_t c = 0; c < s.channels; c += kStep, out += 2 * kConvParts<T> * kTileBytes) {
        const int64_t depth = s.channels - c;
        for (int64_t half = 0; half < 2; ++half) {
          const int64_t first = f + half * kEdge;
          if (first >= s.filters) continue;
          const T* at = kernel + tap * strides.tap + c * strides.channel + first * strides.filter;
          std::byte* tile = out + static_cast<size_t>(half) * kTileBytes;
          const bool along = strides.channel == 1;
          const int64_t stride = along ? strides.filter : strides.channel;
          if constexpr (std::is_same_v<T, float>) {
            strange |= along ? split<true, true>(at, stride, kEdge, depth, tile)
                             : split<false, true>(at, stride, kEdge, depth, tile);
          } else {
            along ? gather<true, true>(at, stride, kEdge, depth, tile)
                  : gather<false, true>(at, stride, kEdge, depth, tile);
          }
        }
      }
    }
  }
  return strange;
}

namespace {

/// One step of channels. True if one is strange.
DANLU_AMX bool put_step(const float* from, int64_t stride, int64_t depth, int64_t count,
                        size_t part_bytes, std::byte* to) {
  const __mmask16 low_mask = lane_mask(depth), high_mask = lane_mask(depth - kEdge);
  __mmask16 strange = 0;
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
    strange |= _mm512_cmp_ps_mask(low, high, _CMP_UNORD_Q);
  }
  return strange != 0;
}

DANLU_AMX bool put_step(const bfloat16* from, int64_t stride, int64_t depth, int64_t count, size_t,
                        std::byte* to) {
  const auto mask = static_cast<__mmask32>(depth >= 32 ? ~0u : (1u << depth) - 1);
  for (int64_t i = 0; i < count; ++i, from += stride, to += 64) {
    _mm512_store_si512(to, _mm512_maskz_loadu_epi16(mask, from));
  }
  return false;
}

/// 32 windows × 32 filters, or the upper, the left half of them.
template <class T, bool kTall, bool kWide>
DANLU_AMX void convolve_block(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                              const float* bias, float* y) {
  _tile_loadd(0, bias, 0);
  if constexpr (kWide) _tile_loadd(1, bias + kEdge, 0);
  if constexpr (kTall) _tile_loadd(2, bias, 0);
  if constexpr (kTall && kWide) _tile_loadd(3, bias + kEdge, 0);
  const size_t part_bytes = s.part_bytes(), step_bytes = s.step_bytes();
  const int64_t steps = s.steps();
  for (int64_t tap = 0; tap < s.taps; ++tap) {
    const std::byte* at = x + s.offsets[tap] * 64;
    for (int64_t step = 0; step < steps; ++step, at += step_bytes) {
      if constexpr (std::is_same_v<T, float>) {
        add_products<kTall, kWide>(at, part_bytes, kernel);
      } else {
        add_product<kTall, kWide>(at, kernel);
      }
      kernel += 2 * kConvParts<T> * kTileBytes;
    }
  }
  const size_t row = static_cast<size_t>(s.filters) * sizeof(float);
  float* const below = y + kEdge * s.filters;
  _tile_stored(0, y, row);
  if constexpr (kWide) _tile_stored(1, y + kEdge, row);
  if constexpr (kTall) _tile_stored(2, below, row);
  if constexpr (kTall && kWide) _tile_stored(3, below + kEdge, row);
}

}  // namespace

template <class T>
bool amx_put_pixels(const AmxConvStrip& s, const T* x, int64_t first, int64_t count,
                    std::byte* out) {
  bool strange = false;
  std::byte* to = out + first * 64;
  for (int64_t c = 0; c < s.channels; c += kStep, to += s.step_bytes()) {
    strange |= put_step(x + c, s.channels, s.channels - c, count, s.part_bytes(), to);
  }
  return strange;
}

template <class T>
void amx_clear_pixels(const AmxConvStrip& s, int64_t first, int64_t count, std::byte* out) {
  for (int64_t plane = 0; plane < kConvParts<T> * s.steps(); ++plane) {
    std::memset(out + static_cast<size_t>(plane) * s.step_bytes() + first * 64, 0,
                static_cast<size_t>(count) * 64);
  }
}

template <class T>
void amx_convolve(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                  const float* bias, float* y) {
  const size_t block_bytes =
      s.kernel_bytes(kConvParts<T>) / static_cast<size_t>(parts_of(s.filters, kBlock));
  for (int64_t f = 0; f < s.filters; f += kBlock, kernel += block_bytes) {
    const bool wide = f + kBlock <= s.filters;
    for (int64_t w = 0; w < s.windows; w += kBlock) {
      const bool tall = w + kEdge < s.windows;
      const auto function =
          wide ? (tall ? convolve_block<T, true, true> : convolve_block<T, false, true>)
               : (tall ? convolve_block<T, true, false> : convolve_block<T, false, false>);
      function(s, x + w * 64, kernel, bias + f, y + w * s.filters + f);
    }
  }
}

DANLU_AMX void amx_round(const float* from, int64_t count, bfloat16* to) {
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    _mm512_storeu_si512(to + i,
                        rounded_pair(_mm512_loadu_ps(from + i), _mm512_loadu_ps(from + i + 16)));
  }
  for (; i < count; ++i) to[i] = bfloat16(from[i]);
}

DANLU_AMX void amx_configure() {
  static const TileConfig config;
  _tile_loadconfig(&config);
}

DANLU_AMX void amx_release() { _tile_release(); }

template bool amx_pack_kernel(const AmxConvStrip&, const float*, const KernelStrides&, std::byte*);
template bool amx_pack_kernel(const AmxConvStrip&, const bfloat16*, const KernelStrides&,
                              std::byte*);
template bool amx_put_pixels(const AmxConvStrip&, const float*, int64_t, int64_t, std::byte*);
template bool amx_put_pixels(const AmxConvStrip&, const bfloat16*, int64_t, int64_t, std::byte*);
template void amx_clear_pixels<float>(const AmxConvStrip&, int64_t, int64_t, std::byte*);
template void amx_clear_pixels<bfloat16>(const AmxConvStrip&, int64_t, int64_t, std::byte*);
template void amx_convolve<float>(const AmxConvStrip&, const std::byte*, const std::byte*,
                                  const float*, float*);
template void amx_convolve<bfloat16>(const AmxConvStrip&, const std::byte*, const std::byte*,
                                     const float*, float*);

}  // namespace danlu::cpu::simd

#endif
