#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/base/half.h"

namespace danlu::cpu::simd {

/// bfloat16 numbers that an element is split into.
template <class T>
inline constexpr int kConvParts = std::is_same_v<T, float> ? 3 : 1;

/// What a step of 32 numbers of a window is: the pixel at `offset` from the window's own under
/// `tap`, 32 channels at a time. Of up to 16 channels of bfloat16, that pixel and its neighbour,
/// under `tap` and `next`, which is −1 where no tap looks at the neighbour; of float32, two parts
/// of the pixel.
struct AmxRead {
  int64_t offset, tap, next;
};

/// Windows in a row that share one grid with the pixels they look at (simd/amx_conv_grid.h).
struct AmxConvStrip {
  int64_t channels = 0;  ///< of the input
  int64_t filters = 0;   ///< a multiple of 16
  bool pairs = false;    ///< there are up to 16 channels
  const AmxRead* reads = nullptr;
  int64_t num_reads = 0;
  int64_t windows = 0;  ///< computed; what is behind the last one is garbage
  int64_t pixels = 0;   ///< of the padded input, with those that garbage is made of

  int64_t steps() const { return (channels + 31) / 32; }
  /// Of the input as parts: (parts, steps, pixels, 32 channels) in bfloat16. Pairs are (pixels, 16
  /// channels, a pixel and its neighbour) in bfloat16, and of float32 (2, pixels, 16 channels, 2):
  /// the first part beside the second, and the first beside the third.
  size_t step_bytes() const { return static_cast<size_t>(pixels) * 64; }
  size_t part_bytes() const { return static_cast<size_t>(steps()) * step_bytes(); }
  /// Of the kernel's tiles.
  size_t kernel_bytes(int parts) const;
};

/// How the kernel lies in memory: strides between taps, channels and filters, one of the latter two
/// being 1.
struct KernelStrides {
  int64_t tap, channel, filter;
};

// Below, T is float or bfloat16.

/// Makes tiles of the kernel. True if an element is too large to be split, or no number.
template <class T>
bool amx_pack_kernel(const AmxConvStrip& s, const T* kernel, const KernelStrides& strides,
                     std::byte* out);
/// Puts `count` pixels, `stride` elements apart, from pixel `first` on. True as above.
template <class T>
bool amx_put_pixels(const AmxConvStrip& s, const T* x, int64_t stride, int64_t first, int64_t count,
                    std::byte* out);
/// Zeros there.
template <class T>
void amx_clear_pixels(const AmxConvStrip& s, int64_t first, int64_t count, std::byte* out);
/// y (windows rounded up to 32, filters) = bias + convolution. Tiles are configured.
template <class T>
void amx_convolve(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                  const float* bias, float* y);
/// Whether windows touch, without padding.
bool windows_touch(const Pool2DAttrs& pool);
/// Row `h` of the gradient of the image whose pooled gradients these are, zeros included; of
/// windows that touch.
void amx_spread_row(const PoolGeometry& g, const bfloat16* grad, const uint8_t* index,
                    int64_t image, int64_t h, bfloat16* row);
/// Rounds to the nearest.
void amx_round(const float* from, int64_t count, bfloat16* to);
/// For the thread: before the first and behind the last `amx_convolve`.
void amx_configure();
void amx_release();

}  // namespace danlu::cpu::simd
