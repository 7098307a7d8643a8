#pragma once

#include <cstdint>
#include <vector>

#include "danlu/ops/image/resample_attrs.h"

namespace danlu::cpu {

/// What each output pixel of one axis takes of the input pixels: `width` neighbours each.
struct Taps {
  int64_t from = 0, to = 0;     ///< pixels of the input and of the output
  int64_t width = 1;            ///< at most `from`
  std::vector<int64_t> first;   ///< (to,): the first neighbour; first + width ≤ from
  std::vector<double> weights;  ///< (to, width)
};

/// As Keras places filters: pixels are squares with their values in the middle, weights are divided
/// by their sum. With `antialias` the filter is widened where the image shrinks.
Taps resize_taps(int64_t from, int64_t to, ResampleFilter kind, bool antialias);

/// What each input pixel gives to the output pixels: the gradient's.
Taps transposed(const Taps& taps);

}  // namespace danlu::cpu
