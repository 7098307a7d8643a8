#pragma once

#include <string>
#include <vector>

#include "danlu/ops/conv.h"
#include "danlu/ops/conv/conv_attrs.h"

/// What convolution and pooling of one to three spatial axes share. 2-D is what kernels are written
/// for; the other ranks are brought to it.
namespace danlu::convolution {

/// A sliding window, one number per spatial axis.
struct Spatial {
  std::vector<int64_t> window, strides, dilation, before, after;

  int rank() const { return static_cast<int>(window.size()); }
  /// Input elements from the first to the last that the window sees along axis i.
  int64_t reach(size_t i) const { return (window[i] - 1) * dilation[i] + 1; }
  int64_t output(size_t i, int64_t input) const {
    return window_output(input, window[i], strides[i], before[i], after[i], dilation[i]);
  }
  /// As attributes of the 2-D ops, from axis `first` on; 1-D gets a height of 1 in front.
  Conv2DAttrs conv_attrs(int64_t groups, size_t first = 0) const;
  Pool2DAttrs pool_attrs(size_t first = 0) const;
};

/// `given` for each of `rank` axes: one number counts for all. Errors: ValueError for another count
/// or a number out of [low, 2^31).
std::vector<int64_t> per_axis(const std::string& where, const char* what,
                              const std::vector<int64_t>& given, int rank, int64_t low);

/// x with its channels last: itself, or transposed from "channels_first". Errors: ShapeError unless
/// it has batch, 1 to 3 spatial axes and channels; ValueError for another format.
Array to_channels_last(const std::string& where, const Array& x, const std::string& data_format);
/// The inverse for a result.
Array from_channels_last(const Array& y, const std::string& data_format);

/// The window with its padding worked out for `x` (channels last). Errors: ValueError for padding
/// that is unknown or negative; ShapeError for a window larger than the padded input.
Spatial make_spatial(const std::string& where, const Array& x, std::vector<int64_t> window,
                     const std::vector<int64_t>& strides, const std::vector<int64_t>& dilation,
                     const SpatialPadding& padding);

}  // namespace danlu::convolution
