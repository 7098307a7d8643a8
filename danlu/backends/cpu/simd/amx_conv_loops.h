#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "danlu/base/half.h"

namespace danlu::cpu::simd {

/// bfloat16 numbers that an element is split into.
template <class T>
inline constexpr int kConvParts = std::is_same_v<T, float> ? 3 : 1;

/// A strip of rows of a convolution with stride 1. The input is padded: the window of output
/// (row, column) begins at pixel row · width + column, so that windows go on across rows and only
/// the last columns of each row are computed for nothing.
struct AmxConvStrip {
  int64_t channels = 0;  ///< of the input
  int64_t filters = 0;   ///< a multiple of 16
  int64_t taps = 0;
  const int64_t* offsets = nullptr;  ///< of each tap from its window's corner, in pixels
  int64_t windows = 0;               ///< computed; what is behind the last one is garbage
  int64_t pixels = 0;                ///< of the padded input, with those that garbage is made of

  int64_t steps() const { return (channels + 31) / 32; }
  /// Of the input as parts: (parts, steps, pixels, 32 channels) in bfloat16.
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
/// Puts `count` pixels from pixel `first` of the strip on, `channels` apart. True as above.
template <class T>
bool amx_put_pixels(const AmxConvStrip& s, const T* x, int64_t first, int64_t count,
                    std::byte* out);
/// Zeros there.
template <class T>
void amx_clear_pixels(const AmxConvStrip& s, int64_t first, int64_t count, std::byte* out);
/// y (windows rounded up to 32, filters) = bias + convolution. Tiles are configured.
template <class T>
void amx_convolve(const AmxConvStrip& s, const std::byte* x, const std::byte* kernel,
                  const float* bias, float* y);
/// Rounds to the nearest.
void amx_round(const float* from, int64_t count, bfloat16* to);
/// For the thread: before the first and behind the last `amx_convolve`.
void amx_configure();
void amx_release();

}  // namespace danlu::cpu::simd
