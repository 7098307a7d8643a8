#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "danlu/backends/cpu/conv_geometry.h"

namespace danlu::cpu::simd {

/// How images, or a strip of one image's windows, lie in one row for convolutions on tiles: window
/// after window, row below row, image below image, so that tap t of window i looks at pixel
/// i + offset(t) wherever the window is. The padding between two rows, or two images, is there once
/// and serves both. With strides, pixels whose padded rows and columns leave the same remainder are
/// neighbours under neighbouring windows: they are a phase, and each phase has pixels of its own.
class ConvGrid {
 public:
  using Pair = std::array<int64_t, 2>;

  struct Options {
    int threads = 1;
    int64_t pixel_bytes = 0;   ///< of a pixel in one phase
    int64_t window_bytes = 0;  ///< of whatever else a window needs
    int64_t bytes = 0;         ///< that images, or a strip, may have together
    int64_t grain = 1;         ///< strips have a multiple of so many rows
    /// Images are together only where they have fewer windows than one alone that is rounded up to
    /// a multiple of this; 0: wherever they fit.
    int64_t multiple = 0;
    /// A row of the kernel is one tap, and windows need no columns between rows: for images of few
    /// channels.
    bool joins_row = false;
  };

  ConvGrid(const ConvGeometry& conv, const Options& options);

  const ConvGeometry& conv() const { return conv_; }
  int64_t taps() const { return std::ssize(offsets_); }
  const std::vector<int64_t>& offsets() const { return offsets_; }
  /// Rows of an image, and columns.
  const Pair& period() const { return period_; }
  int64_t strips() const { return strips_; }          ///< of an image
  int64_t strip_rows() const { return strip_rows_; }  ///< of windows
  int64_t together() const { return together_; }      ///< images
  /// From the first window of `images` images, or strips, of `rows` rows to the last.
  int64_t windows(int64_t images, int64_t rows) const {
    return ((images - 1) * period_[0] + rows - 1) * period_[1] + conv_.out_w;
  }
  int64_t most_windows() const { return windows(together_, strip_rows_); }
  /// Pixels of all phases.
  int64_t pixels() const { return pixels_ * std::ssize(phases_); }

  /// A run of pixels in a row of the image, or of pixels that are to be cleared.
  struct Run {
    int64_t row;  ///< of the image; −1: zeros
    int64_t column, first, count;
  };
  /// Calls f(run) for the pixels under windows of `rows` rows from row `top` on, as image `image`
  /// of those together. What no run names is padding, and stays as it was.
  template <class F>
  void for_each_run(int64_t image, int64_t top, int64_t rows, F&& f) const {
    const Pair &strides = conv_.attrs.strides, &before = conv_.attrs.pad_before;
    const int64_t kept = strips_ == 1 ? period_[0] : rows + below_;
    for (size_t p = 0; p < phases_.size(); ++p) {
      const Pair& rest = phases_[p];
      for (int64_t i = 0; i < kept; ++i) {
        const int64_t h = (top + i) * strides[0] + rest[0] - before[0];
        const int64_t first =
            static_cast<int64_t>(p) * pixels_ + (image * period_[0] + i) * period_[1];
        if (h < 0 || h >= conv_.in_h) {
          if (strips_ > 1) f(Run{-1, 0, first, period_[1]});
        } else if (joins_row_) {
          f(Run{h, 0, first, conv_.out_w});
        } else {
          const int64_t skipped = parts(std::max<int64_t>(0, before[1] - rest[1]), strides[1]);
          const int64_t w = skipped * strides[1] + rest[1] - before[1];
          const int64_t count = parts(conv_.in_w - w, strides[1]);
          f(Run{h, w, first + skipped, std::min(count, period_[1] - skipped)});
        }
      }
    }
  }

 private:
  static int64_t parts(int64_t length, int64_t part) { return (length + part - 1) / part; }
  int64_t period_of(size_t axis, int64_t in, int64_t out) const;
  void cut(const Options& options);

  ConvGeometry conv_;
  bool joins_row_;
  Pair period_;
  int64_t below_ = 0;  ///< rows that the lowest window needs below its own
  int64_t strips_ = 1, strip_rows_ = 0, together_ = 1;
  int64_t pixels_ = 0;        ///< of a phase
  std::vector<Pair> phases_;  ///< remainders
  std::vector<int64_t> offsets_;
};

}  // namespace danlu::cpu::simd
