// Pooling of every rank as the 2-D one: 1-D with a height of 1; 3-D first over images, then along
// the depth, which gives the same maxima (the first of equals in row-major order) and means.

#include "danlu/base/error.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/conv/spatial.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using convolution::Spatial;

Array pool2d(const OpDef& op, const Array& x, const Pool2DAttrs& attrs) {
  return make_op_outputs(op, std::span(&x, 1), make_attrs(attrs))[0];
}

Array pool_images(const OpDef& op, const Array& x, const Spatial& s) {
  if (s.rank() == 1) return squeeze(pool2d(op, expand_dims(x, 1), s.pool_attrs()), 1);
  if (s.rank() == 2) return pool2d(op, x, s.pool_attrs());
  const Shape& in = x.shape();
  const Array images =
      pool2d(op, reshape(x, Shape{in[0] * in[1], in[2], in[3], in[4]}), s.pool_attrs(1));
  const Shape& image = images.shape();
  const Pool2DAttrs depth{.pool_size = {s.window[0], 1},
                          .strides = {s.strides[0], 1},
                          .pad_before = {s.before[0], 0},
                          .pad_after = {s.after[0], 0}};
  const Array y =
      pool2d(op, reshape(images, Shape{in[0], in[1], 1, image[1] * image[2] * image[3]}), depth);
  return reshape(y, Shape{in[0], y.shape()[1], image[1], image[2], image[3]});
}

Array pool(const std::string& where, const OpDef& op, const Array& x, const PoolOptions& options) {
  const Array input = convolution::to_channels_last(where, x, options.data_format);
  const Spatial s = convolution::make_spatial(
      where, input, options.pool_size,
      options.strides.empty() ? options.pool_size : options.strides, {1}, options.padding);
  return convolution::from_channels_last(pool_images(op, input, s), options.data_format);
}

/// The windows of one axis. Where they all have one size they lie side by side, and the lists stay
/// empty; else output i covers elements ⌊i·n/out⌋ … ⌈(i+1)·n/out⌉ − 1.
struct AdaptiveWindows {
  int64_t width = 0;              ///< of the widest
  std::vector<int64_t> elements;  ///< (out, width); short windows repeat their last element
  std::vector<bool> used;         ///< (out, width): false where repeated

  AdaptiveWindows(const std::string& where, int64_t n, int64_t out) {
    const auto begin = [&](int64_t i) { return i * (n / out) + i * (n % out) / out; };
    const auto end = [&](int64_t i) {
      return (i + 1) * (n / out) + ((i + 1) * (n % out) + out - 1) / out;
    };
    width = (n + out - 1) / out + (n % out == 0 ? 0 : 1);
    if (n % out == 0) return;
    constexpr int64_t kMost = int64_t{1} << 24;
    if (out > kMost || width > kMost / out) {
      throw UnsupportedError(
          {.where = where,
           .what = "The windows of an axis hold too many elements",
           .expected = "at most " + std::to_string(kMost) + " together",
           .received = std::to_string(out) + " windows over " + std::to_string(n) + " elements"});
    }
    width = 0;
    for (int64_t i = 0; i < out; ++i) width = std::max(width, end(i) - begin(i));
    for (int64_t i = 0; i < out; ++i) {
      for (int64_t k = 0; k < width; ++k) {
        elements.push_back(std::min(begin(i) + k, end(i) - 1));
        used.push_back(begin(i) + k < end(i));
      }
    }
  }
};

Array adaptive_mean(const Array& windows, const AdaptiveWindows& axis, int64_t out) {
  if (axis.used.empty()) return mean(windows, {2});
  const Array used(axis.used, Shape{out, axis.width, 1});
  const Array kept = where(used, windows, Array::scalar(0, windows.dtype()));
  return sum(kept, {2}) / cast(sum(used, {1}), windows.dtype());
}

Array adaptive_maximum(const Array& windows, const AdaptiveWindows&, int64_t) {
  return max(windows, {2});
}

/// `reduce` gets the windows of one axis as (before, out, width, after).
template <class Reduce>
Array adaptive_pool(const std::string& where, const Array& x, const std::vector<int64_t>& size,
                    const std::string& data_format, Reduce&& reduce) {
  Array y = convolution::to_channels_last(where, x, data_format);
  const int rank = y.rank() - 2;
  const auto sizes = convolution::per_axis(where, "output size", size, rank, 1);
  for (int i = 1; i <= rank; ++i) {
    const int64_t n = y.shape()[i], out = sizes[static_cast<size_t>(i) - 1];
    if (n < 1) {
      throw ShapeError({.where = where,
                        .what = "There is nothing to pool",
                        .expected = "one element or more along each spatial axis",
                        .received = x.shape().to_string()});
    }
    auto dims = y.shape().to_vector();
    int64_t before = 1, after = 1;
    for (int k = 0; k < i; ++k) before *= dims[static_cast<size_t>(k)];
    for (int k = i + 1; k < y.rank(); ++k) after *= dims[static_cast<size_t>(k)];
    const AdaptiveWindows axis(where, n, out);
    Array windows = y;
    if (!axis.elements.empty()) windows = take(y, Array(axis.elements), i);
    y = reduce(reshape(windows, Shape{before, out, axis.width, after}), axis, out);
    dims[static_cast<size_t>(i)] = out;
    y = reshape(y, Shape(dims));
  }
  return convolution::from_channels_last(y, data_format);
}

}  // namespace

Array max_pool(const Array& x, const PoolOptions& options) {
  return pool("max_pool", max_pool2d_op(), x, options);
}

Array average_pool(const Array& x, const PoolOptions& options) {
  return pool("average_pool", average_pool2d_op(), elementwise::as_float(x), options);
}

Array adaptive_average_pool(const Array& x, const std::vector<int64_t>& output_size,
                            const std::string& data_format) {
  return adaptive_pool("adaptive_average_pool", elementwise::as_float(x), output_size, data_format,
                       adaptive_mean);
}

Array adaptive_max_pool(const Array& x, const std::vector<int64_t>& output_size,
                        const std::string& data_format) {
  return adaptive_pool("adaptive_max_pool", x, output_size, data_format, adaptive_maximum);
}

}  // namespace danlu
