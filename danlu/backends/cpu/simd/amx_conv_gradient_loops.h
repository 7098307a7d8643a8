#pragma once

#include <cstddef>
#include <cstdint>

#include "danlu/backends/cpu/simd/amx_conv_loops.h"
#include "danlu/backends/cpu/simd/amx_tiles.h"

#ifdef DANLU_AMX

namespace danlu::cpu::simd {

/// The gradient of a convolution's kernel, from windows in a row that share one grid with the
/// pixels they look at: tap t of window i looks at pixel i + offsets[t].
///
/// Pixels are kept in lines of 64 bytes: line i holds 16 channels of pixel i, each beside its
/// neighbour of pixel i + 1. Every second line from any pixel on is then a tile whose depth is 32
/// windows, whatever the tap.
struct AmxGradient {
  int64_t channels = 0;
  int64_t filters = 0;
  int64_t taps = 0;
  const int64_t* offsets = nullptr;
  int64_t lines = 0;  ///< of 16 channels in one part

  int64_t channel_blocks() const { return (channels + 15) / 16; }
  int64_t filter_blocks() const { return (filters + 15) / 16; }
  /// Tiles of sums beside each other: a tap's 16 channels each, tap by tap.
  int64_t columns() const { return channel_blocks() * taps; }
  int64_t sums() const { return filter_blocks() * columns() * 256; }
  size_t block_bytes() const { return static_cast<size_t>(lines) * 64; }
  size_t part_bytes() const { return static_cast<size_t>(channel_blocks()) * block_bytes(); }
  /// Of the windows' gradients over 32 windows, as tiles: by filters, by parts.
  size_t step_bytes(int parts) const {
    return static_cast<size_t>(filter_blocks()) * static_cast<size_t>(parts) * 1024;
  }
};

// Below, T is float or bfloat16.

/// Puts `count` pixels, `stride` elements apart, from pixel `first` on. True if an element is no
/// number or too large to be split.
template <class T>
DANLU_AMX bool amx_put_pairs(const AmxGradient& g, const T* x, int64_t stride, int64_t first,
                             int64_t count, std::byte* lines);
/// Zeros there.
template <class T>
DANLU_AMX void amx_clear_pairs(const AmxGradient& g, int64_t first, int64_t count,
                               std::byte* lines);
/// Makes tiles of the gradients of 32 windows. True as above.
template <class T>
DANLU_AMX bool amx_put_windows(const AmxGradient& g, const T* const (&windows)[32],
                               std::byte* tiles);
/// sums = the products of `steps` × 32 windows and their pixels. Tiles are configured.
template <class T>
void amx_gradient(const AmxGradient& g, const std::byte* lines, const std::byte* tiles,
                  int64_t steps, float* sums);
/// sums += the product of one window's gradients and `count` channels from channel `first` on of
/// the pixel under `tap`, without tiles.
template <class T>
DANLU_AMX void amx_add_pair(const AmxGradient& g, int64_t tap, int64_t first, int64_t count,
                            const T* x, const T* grad, float* sums);
/// Columns [begin, end) of the sums of `parts` threads, `stride` apart, added up: the gradient
/// (taps, channels, filters).
template <class T>
DANLU_AMX void amx_gather_gradient(const AmxGradient& g, const float* sums, int64_t stride,
                                   int parts, int64_t begin, int64_t end, T* out);

}  // namespace danlu::cpu::simd

#endif
