#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"

/// Convolution and pooling over one to three spatial axes: (batch, spatial axes …, channels), or
/// with `data_format` "channels_first" (batch, channels, spatial axes …).
namespace danlu {

/// "valid", "same" (as TensorFlow pads), or {before, after} for each spatial axis.
struct SpatialPadding {
  SpatialPadding(const char* mode) : mode(mode) {}
  SpatialPadding(std::string mode) : mode(std::move(mode)) {}
  SpatialPadding(std::vector<std::array<int64_t, 2>> widths)
      : mode("explicit"), widths(std::move(widths)) {}

  std::string mode;
  std::vector<std::array<int64_t, 2>> widths;
};

/// Lists hold one number for each spatial axis, or one for all.
struct ConvOptions {
  std::vector<int64_t> strides = {1};
  SpatialPadding padding = "valid";
  std::string data_format = "channels_last";
  std::vector<int64_t> dilation_rate = {1};
};

/// Cross-correlation. Shapes: x (n, s…, c), kernel (k…, c / groups, filters) → (n, s'…, filters);
/// the number of groups follows from the channels.
/// Errors: ShapeError for operands that do not fit each other; ValueError for options out of range.
Array conv(const Array& x, const Array& kernel, const ConvOptions& options = {});
/// Each channel with kernels of its own. Shapes: x (n, s…, c), kernel (k…, c, multiplier) →
/// (n, s'…, c · multiplier). Errors: as `conv`.
Array depthwise_conv(const Array& x, const Array& kernel, const ConvOptions& options = {});
/// `depthwise_conv`, then a convolution of windows of one element that mixes the channels.
Array separable_conv(const Array& x, const Array& depthwise_kernel, const Array& pointwise_kernel,
                     const ConvOptions& options = {});

struct ConvTransposeOptions {
  std::vector<int64_t> strides = {1};
  std::string padding = "valid";        ///< "valid" or "same"
  std::vector<int64_t> output_padding;  ///< empty: as Keras chooses it
  std::string data_format = "channels_last";
  std::vector<int64_t> dilation_rate = {1};
};

/// The gradient of `conv` with respect to its input. Shapes: x (n, s…, c), kernel
/// (k…, filters, c) → (n, s'…, filters). Without `output_padding`, s' is s · stride for "same" and
/// (s − 1) · stride + max(window, stride) for "valid". Errors: as `conv`.
Array conv_transpose(const Array& x, const Array& kernel, const ConvTransposeOptions& options = {});

struct PoolOptions {
  std::vector<int64_t> pool_size = {2};
  std::vector<int64_t> strides;  ///< empty: pool_size
  SpatialPadding padding = "valid";
  std::string data_format = "channels_last";
};

/// The greatest element of each window; padding never wins, NaN always does.
/// Errors: as `conv`; UnsupportedError for more than 256 elements of a window in two axes.
Array max_pool(const Array& x, const PoolOptions& options = {});
/// The mean of each window; padding does not count.
Array average_pool(const Array& x, const PoolOptions& options = {});
/// Windows of almost equal size, so many that `output_size` comes out: along an axis of length n,
/// output i covers elements ⌊i·n/size⌋ to ⌈(i+1)·n/size⌉ − 1.
Array adaptive_average_pool(const Array& x, const std::vector<int64_t>& output_size,
                            const std::string& data_format = "channels_last");
Array adaptive_max_pool(const Array& x, const std::vector<int64_t>& output_size,
                        const std::string& data_format = "channels_last");

/// The length that `conv_transpose` gives an axis of `length` elements, for a window that reaches
/// over `reach` of them (dilation included).
int64_t conv_transpose_length(int64_t length, int64_t reach, int64_t stride, bool same,
                              std::optional<int64_t> output_padding);

// --- images: the ops that the others are brought to, as layers use them ------------------------

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
