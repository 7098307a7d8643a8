#pragma once

#include <array>
#include <string>
#include <utility>

#include "danlu/core/array.h"

/// Convolution and pooling over images, channels last: (batch, height, width, channels).
namespace danlu {

struct Conv2DOptions {
  std::array<int64_t, 2> strides = {1, 1};
  std::string padding = "valid";  ///< "valid" or "same" (as TensorFlow pads)
  std::array<int64_t, 2> dilation_rate = {1, 1};
  int64_t groups = 1;
};

/// Cross-correlation. Shapes: x (n, h, w, c), kernel (kh, kw, c / groups, filters) →
/// (n, h', w', filters).
Array conv2d(const Array& x, const Array& kernel, const Conv2DOptions& options = {});

struct Pool2DOptions {
  std::array<int64_t, 2> pool_size = {2, 2};
  std::array<int64_t, 2> strides = {0, 0};  ///< 0: pool_size
  std::string padding = "valid";
};

Array max_pool2d(const Array& x, const Pool2DOptions& options = {});
/// With the position of each maximum inside its window (row-major, uint8): the first one wins, NaN
/// wins over numbers.
std::pair<Array, Array> max_pool2d_with_index(const Array& x, const Pool2DOptions& options = {});
/// Padding does not count in the mean.
Array average_pool2d(const Array& x, const Pool2DOptions& options = {});

}  // namespace danlu
