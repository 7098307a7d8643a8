// Convolution of every rank as the 2-D one: 1-D with a height of 1; 3-D with the taps along the
// depth as channels, so that one 2-D convolution sums over all of them.

#include "danlu/ops/conv.h"
#include "danlu/base/error.h"
#include "danlu/ops/conv/spatial.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using convolution::Spatial;

Array padded_unless_zero(const Array& x, const std::vector<std::array<int64_t, 2>>& widths) {
  const std::vector<std::array<int64_t, 2>> nothing(widths.size());
  return widths == nothing ? x : pad(x, widths);
}

/// Shape with the first two dimensions as one.
Shape with_depth_in_batch(const Shape& s) { return {s[0] * s[1], s[2], s[3], s[4]}; }

/// (kd, kh, kw, c, f) → (kh, kw, kd·c, f).
Array taps_as_channels(const Array& kernel) {
  const Shape& k = kernel.shape();
  return reshape(transpose(kernel, {1, 2, 0, 3, 4}), Shape{k[1], k[2], k[0] * k[3], k[4]});
}

/// Input (n, d, h, w, c) as seen by each tap along the depth: (n·d', h, w, kd·c), the channels of a
/// group together.
Array gather_taps(const Array& x, const Spatial& s, int64_t groups) {
  const Array padded = padded_unless_zero(x, {{}, {s.before[0], s.after[0]}, {}, {}, {}});
  const Shape& p = padded.shape();
  const int64_t depth = s.output(0, x.shape()[1]);
  std::vector<Array> taps;
  for (int64_t k = 0; k < s.window[0]; ++k) {
    const int64_t start = k * s.dilation[0];
    const Array tap = slice(padded, {0, start, 0, 0, 0},
                            {p[0], start + (depth - 1) * s.strides[0] + 1, p[2], p[3], p[4]},
                            {1, s.strides[0], 1, 1, 1});
    taps.push_back(reshape(tap, Shape{p[0] * depth, p[2], p[3], groups, 1, p[4] / groups}));
  }
  return reshape(concatenate(taps, 4), Shape{p[0] * depth, p[2], p[3], s.window[0] * p[4]});
}

/// The transpose of `gather_taps` with one group.
Array scatter_taps(const Array& taps, const Spatial& s, const Shape& result) {
  const int64_t n = result[0], channels = result[4];
  const int64_t depth = s.output(0, result[1]), padded = result[1] + s.before[0] + s.after[0];
  const Array split = reshape(taps, Shape{n, depth, result[2], result[3], s.window[0] * channels});
  Array sum;
  for (int64_t k = 0; k < s.window[0]; ++k) {
    const Array tap = slice(split, {0, 0, 0, 0, k * channels},
                            {n, depth, result[2], result[3], (k + 1) * channels});
    const int64_t start = k * s.dilation[0];
    const int64_t end = padded - start - (depth - 1) * s.strides[0] - 1;
    const Array placed = make_op(pad_op(), {tap},
                                 make_attrs(PadAttrs{.before = {0, start, 0, 0, 0},
                                                     .after = {0, end, 0, 0, 0},
                                                     .interior = {0, s.strides[0] - 1, 0, 0, 0}}));
    sum = sum.defined() ? sum + placed : placed;
  }
  return slice(sum, {0, s.before[0], 0, 0, 0},
               {n, s.before[0] + result[1], result[2], result[3], channels});
}

Array convolve(const Array& x, const Array& kernel, const Spatial& s, int64_t groups) {
  if (s.rank() == 1) {
    return squeeze(make_op(conv2d_op(), {expand_dims(x, 1), expand_dims(kernel, 0)},
                           make_attrs(s.conv_attrs(groups))),
                   1);
  }
  if (s.rank() == 2) return make_op(conv2d_op(), {x, kernel}, make_attrs(s.conv_attrs(groups)));
  const Array y = make_op(conv2d_op(), {gather_taps(x, s, groups), taps_as_channels(kernel)},
                          make_attrs(s.conv_attrs(groups, 1)));
  const Shape& image = y.shape();
  return reshape(y, Shape{x.shape()[0], s.output(0, x.shape()[1]), image[1], image[2], image[3]});
}

/// The gradient that an input of shape `result` of `convolve` gets from `grad`.
Array convolve_back(const Array& grad, const Array& kernel, const Spatial& s, const Shape& result) {
  const auto back = [](const Array& g, const Array& k, Conv2DAttrs attrs, const Shape& shape) {
    attrs.result = shape;
    return make_op(conv2d_backward_input_op(), {g, k}, make_attrs(attrs));
  };
  if (s.rank() == 1) {
    return squeeze(back(expand_dims(grad, 1), expand_dims(kernel, 0), s.conv_attrs(1),
                        result.with_axis_inserted(1, 1)),
                   1);
  }
  if (s.rank() == 2) return back(grad, kernel, s.conv_attrs(1), result);
  const Shape taps{result[0] * grad.shape()[1], result[2], result[3], s.window[0] * result[4]};
  return scatter_taps(back(reshape(grad, with_depth_in_batch(grad.shape())),
                           taps_as_channels(kernel), s.conv_attrs(1, 1), taps),
                      s, result);
}

void require_kernel(const std::string& where, const Array& x, const Array& kernel,
                    const char* layout) {
  const Shape& k = kernel.shape();
  bool fine = kernel.rank() == x.rank();
  for (int64_t d : k.dims()) fine = fine && d >= 1;
  if (fine) return;
  throw ShapeError({.where = where,
                    .what = "The kernel has the wrong shape",
                    .expected = std::string(layout) + ", for an input of shape " +
                                x.shape().to_string() + " (channels last)",
                    .received = k.to_string()});
}

[[noreturn]] void fail_channels(const std::string& where, const std::string& expected,
                                const Array& x, const Array& kernel) {
  throw ShapeError({.where = where,
                    .what = "The kernel was made for another number of channels",
                    .expected = expected,
                    .received = "an input of shape " + x.shape().to_string() +
                                " (channels last) and a kernel of shape " +
                                kernel.shape().to_string(),
                    .hint = "see data_format"});
}

/// The kernel's window. Errors: UnsupportedError for a 3-D one with very many taps along the depth,
/// each of which becomes an op.
std::vector<int64_t> window_of(const std::string& where, const Array& kernel) {
  constexpr int64_t kMostTaps = 1024;
  const auto dims = kernel.shape().dims();
  std::vector<int64_t> window(dims.begin(), dims.end() - 2);
  if (window.size() == 3 && window[0] > kMostTaps) {
    throw UnsupportedError({.where = where,
                            .what = "The kernel is too deep",
                            .expected = "at most " + std::to_string(kMostTaps) +
                                        " elements along the first of three spatial axes",
                            .received = kernel.shape().to_string()});
  }
  return window;
}

/// Where the output of a transposed convolution begins and how long it is, along one axis.
struct TransposedAxis {
  int64_t before = 0;  ///< elements cut off at the beginning
  int64_t length = 0;
};

TransposedAxis transposed_axis(int64_t input, int64_t reach, int64_t stride, bool same,
                               std::optional<int64_t> output_padding) {
  const int64_t length = conv_transpose_length(input, reach, stride, same, output_padding);
  if (!same) return {0, length};
  // Keras's choice of what "same" cuts off at either end.
  const int64_t padding =
      output_padding ? reach + reach % 2 - 2 + *output_padding : stride + reach - 2;
  const int64_t left = std::min(padding / 2 + padding % 2, reach - 1);
  return {reach - 1 - left, length};
}

}  // namespace

Array conv(const Array& x, const Array& kernel, const ConvOptions& options) {
  const std::string where = "conv";
  const auto [a, b] =
      elementwise::promoted(elementwise::as_float(x), elementwise::as_float(kernel));
  const Array input = convolution::to_channels_last(where, a, options.data_format);
  require_kernel(where, input, b, "(spatial axes …, channels / groups, filters)");
  const int64_t channels = input.shape()[-1], group_channels = b.shape()[-2];
  const int64_t groups = channels / group_channels;
  if (groups < 1 || channels % group_channels != 0 || b.shape()[-1] % groups != 0) {
    fail_channels(where,
                  "channels of the kernel that divide those of the input into groups, whose "
                  "number divides the filters",
                  input, b);
  }
  const Spatial s = convolution::make_spatial(where, input, window_of(where, b), options.strides,
                                              options.dilation_rate, options.padding);
  return convolution::from_channels_last(convolve(input, b, s, groups), options.data_format);
}

Array depthwise_conv(const Array& x, const Array& kernel, const ConvOptions& options) {
  const std::string where = "depthwise_conv";
  const Array input = convolution::to_channels_last(where, x, options.data_format);
  require_kernel(where, input, kernel, "(spatial axes …, channels, multiplier)");
  const int64_t channels = input.shape()[-1];
  if (kernel.shape()[-2] != channels) {
    fail_channels(where, "as many channels of the kernel as of the input", input, kernel);
  }
  auto dims = kernel.shape().to_vector();
  dims.end()[-2] = 1;
  dims.end()[-1] *= channels;
  return conv(x, reshape(kernel, dims), options);
}

Array separable_conv(const Array& x, const Array& depthwise_kernel, const Array& pointwise_kernel,
                     const ConvOptions& options) {
  return conv(depthwise_conv(x, depthwise_kernel, options), pointwise_kernel,
              {.data_format = options.data_format});
}

int64_t conv_transpose_length(int64_t length, int64_t reach, int64_t stride, bool same,
                              std::optional<int64_t> output_padding) {
  const int64_t steps = (length - 1) * stride;
  if (!same) return steps + reach + output_padding.value_or(std::max(reach, stride) - reach);
  return steps + (output_padding ? reach % 2 + *output_padding : stride);
}

Array conv_transpose(const Array& x, const Array& kernel, const ConvTransposeOptions& options) {
  const std::string where = "conv_transpose";
  const auto [a, b] =
      elementwise::promoted(elementwise::as_float(x), elementwise::as_float(kernel));
  const Array input = convolution::to_channels_last(where, a, options.data_format);
  require_kernel(where, input, b, "(spatial axes …, filters, channels)");
  if (b.shape()[-1] != input.shape()[-1]) {
    fail_channels(where, "as many channels of the kernel (its last axis) as of the input", input,
                  b);
  }
  if (options.padding != "valid" && options.padding != "same") {
    throw ValueError({.where = where,
                      .what = "The padding is unknown",
                      .expected = "'valid' or 'same'",
                      .received = "'" + options.padding + "'"});
  }
  const int rank = input.rank() - 2;
  Spatial s{
      .window = convolution::per_axis(where, "window", window_of(where, b), rank, 1),
      .strides = convolution::per_axis(where, "stride", options.strides, rank, 1),
      .dilation = convolution::per_axis(where, "dilation rate", options.dilation_rate, rank, 1)};
  std::vector<int64_t> extra;
  if (!options.output_padding.empty()) {
    extra = convolution::per_axis(where, "output padding", options.output_padding, rank, 0);
  }
  auto dims = input.shape().to_vector();
  dims.back() = b.shape()[-2];
  std::vector<std::array<int64_t, 2>> zeros(dims.size());
  for (size_t i = 0; i < s.window.size(); ++i) {
    // Longer ones would overflow below; they are refused all the same.
    const int64_t length = std::min<int64_t>(dims[i + 1], INT32_MAX);
    const auto axis =
        transposed_axis(length, s.reach(i), s.strides[i], options.padding == "same",
                        extra.empty() ? std::nullopt : std::optional<int64_t>(extra[i]));
    if (length < 1 || length != dims[i + 1] || axis.length < 1) {
      throw ShapeError({.where = where,
                        .what = "The output would be empty or too long",
                        .expected = "1 to " + std::to_string(INT32_MAX) +
                                    " elements along each spatial axis of the input, and less to "
                                    "cut off than there is",
                        .received = input.shape().to_string()});
    }
    // What no input reaches is 0.
    const int64_t reached = (length - 1) * s.strides[i] + s.reach(i) - axis.before;
    dims[i + 1] = std::min(axis.length, reached);
    zeros[i + 1] = {0, axis.length - dims[i + 1]};
    s.before.push_back(axis.before);
    s.after.push_back(reached - dims[i + 1]);
  }
  const Array y = padded_unless_zero(convolve_back(input, b, s, Shape(dims)), zeros);
  return convolution::from_channels_last(y, options.data_format);
}

}  // namespace danlu
