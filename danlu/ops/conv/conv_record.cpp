#include "danlu/ops/conv/conv_record.h"

#include <algorithm>

#include "danlu/base/error.h"

namespace danlu::convolution {
namespace {

using Pair = std::array<int64_t, 2>;

std::string text(const Pair& p) {
  return "(" + std::to_string(p[0]) + ", " + std::to_string(p[1]) + ")";
}

/// Keeps every product of two of them, and the sum of that with a length, inside int64.
constexpr int64_t kLargest = INT32_MAX;

bool in_range(const Pair& value, int64_t low) {
  return value[0] >= low && value[1] >= low && value[0] <= kLargest && value[1] <= kLargest;
}

void require_at_least(const std::string& where, const char* what, const Pair& value, int64_t low) {
  if (in_range(value, low)) return;
  throw ValueError({.where = where,
                    .what = std::string("The ") + what + " is out of range",
                    .expected = "two whole numbers from " + std::to_string(low) + " to " +
                                std::to_string(kLargest),
                    .received = text(value)});
}

void require_image(const std::string& where, const Shape& x) {
  if (x.rank() == 4) return;
  throw ShapeError({.where = where,
                    .what = "The input is no batch of images",
                    .expected = "shape (batch, height, width, channels)",
                    .received = x.to_string(),
                    .hint = x.rank() == 3 ? "add the missing axis with expand_dims" : ""});
}

void require_window_fits(const std::string& where, const char* what, const Shape& x,
                         const Pair& window, const Pair& before, const Pair& after) {
  for (int i = 0; i < 2; ++i) {
    if (window[i] <= x[1 + i] + before[i] + after[i]) continue;
    throw ShapeError({.where = where,
                      .what = std::string("The ") + what + " is larger than the padded input",
                      .expected = "at most (" + std::to_string(x[1] + before[0] + after[0]) + ", " +
                                  std::to_string(x[2] + before[1] + after[1]) + ")",
                      .received = text(window) + " for an input of shape " + x.to_string(),
                      .hint = "use padding 'same' or a smaller window"});
  }
}

}  // namespace

Shape conv2d_output(const std::string& where, const Shape& x, const Shape& kernel,
                    const Conv2DAttrs& a) {
  require_image(where, x);
  if (kernel.rank() != 4) {
    throw ShapeError({.where = where,
                      .what = "The kernel has the wrong rank",
                      .expected = "shape (height, width, channels / groups, filters)",
                      .received = kernel.to_string()});
  }
  require_at_least(where, "stride", a.strides, 1);
  require_at_least(where, "dilation rate", a.dilation_rate, 1);
  require_at_least(where, "padding", a.pad_before, 0);
  require_at_least(where, "padding", a.pad_after, 0);
  require_at_least(where, "kernel size", {kernel[0], kernel[1]}, 1);
  const int64_t channels = x[3], filters = kernel[3];
  if (a.groups < 1 || channels % a.groups != 0 || filters % a.groups != 0) {
    throw ValueError({.where = where,
                      .what = "The groups do not divide the channels",
                      .expected = "groups that divide " + std::to_string(channels) +
                                  " input channels and " + std::to_string(filters) + " filters",
                      .received = std::to_string(a.groups)});
  }
  if (kernel[2] != channels / a.groups) {
    throw ShapeError({.where = where,
                      .what = "The kernel was made for another number of channels",
                      .expected = std::to_string(channels / a.groups) +
                                  " channels per group, for an input of shape " + x.to_string(),
                      .received = "a kernel of shape " + kernel.to_string(),
                      .hint = "images are channels last: (batch, height, width, channels)"});
  }
  const Pair window = {(kernel[0] - 1) * a.dilation_rate[0] + 1,
                       (kernel[1] - 1) * a.dilation_rate[1] + 1};
  require_window_fits(where, "kernel", x, window, a.pad_before, a.pad_after);
  auto length = [&](int i) {
    return window_output(x[1 + i], kernel[i], a.strides[i], a.pad_before[i], a.pad_after[i],
                         a.dilation_rate[i]);
  };
  return {x[0], length(0), length(1), filters};
}

Shape pool2d_output(const std::string& where, const Shape& x, const Pool2DAttrs& a, bool indexed) {
  require_image(where, x);
  require_at_least(where, "pool size", a.pool_size, 1);
  require_at_least(where, "stride", a.strides, 1);
  require_at_least(where, "padding", a.pad_before, 0);
  require_at_least(where, "padding", a.pad_after, 0);
  for (int i = 0; i < 2; ++i) {
    if (std::max(a.pad_before[i], a.pad_after[i]) < a.pool_size[i]) continue;
    throw ValueError(
        {.where = where,
         .what = "A pooling window would hold nothing but padding",
         .expected = "padding smaller than the pool size " + text(a.pool_size),
         .received = text(a.pad_before) + " before and " + text(a.pad_after) + " after"});
  }
  if (indexed && (a.pool_size[0] > 256 || a.pool_size[0] * a.pool_size[1] > 256)) {
    throw UnsupportedError({.where = where,
                            .what = "The pooling window is too large",
                            .expected = "at most 256 positions",
                            .received = text(a.pool_size),
                            .hint = "pool twice, or reduce with max over the axes"});
  }
  require_window_fits(where, "pooling window", x, a.pool_size, a.pad_before, a.pad_after);
  auto length = [&](int i) {
    return window_output(x[1 + i], a.pool_size[i], a.strides[i], a.pad_before[i], a.pad_after[i]);
  };
  return {x[0], length(0), length(1), x[3]};
}

void require_same_float(const InferContext& c, size_t count) {
  const DType dtype = c.inputs[0].dtype;
  bool fine = is_floating(dtype);
  std::string received;
  for (size_t i = 0; i < count; ++i) {
    fine = fine && c.inputs[i].dtype == dtype;
    received += (i > 0 ? ", " : "") + c.inputs[i].to_string();
  }
  if (fine) return;
  throw DTypeError({.where = c.where(),
                    .what = "The element types do not fit",
                    .expected = "Arrays of one floating dtype",
                    .received = received,
                    .hint = is_complex(dtype) ? "convolve real and imaginary parts by themselves"
                                              : "cast them first"});
}

void require_shape(const InferContext& c, int i, const Shape& shape, const char* what) {
  if (c.inputs[i].shape == shape) return;
  throw ShapeError({.where = c.where(),
                    .what = std::string("The ") + what + " has the wrong shape",
                    .expected = shape.to_string(),
                    .received = c.inputs[i].shape.to_string()});
}

void require_index(const InferContext& c, int i, const Shape& shape) {
  require_shape(c, i, shape, "index");
  if (c.inputs[i].dtype == DType::uint8) return;
  throw DTypeError({.where = c.where(),
                    .what = "The index has the wrong dtype",
                    .expected = "uint8, as max_pool2d gives it",
                    .received = c.inputs[i].to_string()});
}

double conv2d_flops(const Shape& kernel, const Shape& out) {
  return 2.0 * static_cast<double>(kernel[0] * kernel[1] * kernel[2]) *
         static_cast<double>(out.num_elements());
}

Padding resolve_padding(const std::string& where, const std::string& padding, const Shape& x,
                        Pair window, Pair strides, Pair dilation) {
  Padding result;
  if (padding == "valid") return result;
  if (padding != "same") {
    throw ValueError({.where = where,
                      .what = "The padding is unknown",
                      .expected = "'valid' or 'same'",
                      .received = "'" + padding + "'"});
  }
  const bool usable =
      x.rank() == 4 && in_range(strides, 1) && in_range(dilation, 1) && in_range(window, 1);
  if (!usable) return result;  // infer tells
  for (int i = 0; i < 2; ++i) {
    const int64_t out = (x[1 + i] + strides[i] - 1) / strides[i];
    const int64_t reach = (out - 1) * strides[i] + (window[i] - 1) * dilation[i] + 1;
    const int64_t total = std::max<int64_t>(0, reach - x[1 + i]);
    result.before[i] = total / 2;
    result.after[i] = total - total / 2;
  }
  return result;
}

std::vector<ConvCase> conv_cases() {
  return {
      {"3x3 valid", {2, 6, 7, 3}, {3, 3, 3, 4}, {}},
      {"one channel", {2, 9, 8, 1}, {3, 3, 1, 16}, {}},
      {"1x1, batch 1", {1, 4, 5, 6}, {1, 1, 6, 5}, {}},
      {"same", {2, 5, 6, 2}, {3, 3, 2, 3}, {.pad_before = {1, 1}, .pad_after = {1, 1}}},
      {"stride 2, same",
       {2, 8, 7, 3},
       {3, 3, 3, 4},
       {.strides = {2, 2}, .pad_before = {0, 1}, .pad_after = {1, 1}}},
      {"dilation 2", {1, 9, 8, 2}, {3, 2, 2, 3}, {.dilation_rate = {2, 2}}},
      {"groups 2", {2, 5, 5, 4}, {3, 3, 2, 6}, {.groups = 2}},
      {"depthwise, stride 2", {1, 7, 7, 4}, {3, 3, 1, 4}, {.strides = {2, 2}, .groups = 4}},
      {"5x3, uneven stride",
       {1, 11, 9, 2},
       {5, 3, 2, 3},
       {.strides = {3, 1}, .pad_before = {2, 0}, .pad_after = {1, 2}}},
      {"rows left over by the stride", {1, 8, 8, 1}, {3, 3, 1, 2}, {.strides = {2, 3}}},
      {"32 to 48 channels", {2, 6, 6, 32}, {3, 3, 32, 48}, {}},
      {"no images", {0, 5, 5, 2}, {3, 3, 2, 3}, {}},
  };
}

std::vector<PoolCase> pool_cases() {
  return {
      {"2x2", {2, 6, 8, 3}, {}},
      {"2x2, a row and column left over", {2, 5, 7, 17}, {}},
      {"3x3, overlapping", {1, 7, 7, 4}, {.pool_size = {3, 3}, .strides = {2, 2}}},
      {"3x2, same",
       {2, 5, 5, 2},
       {.pool_size = {3, 2}, .strides = {2, 1}, .pad_before = {1, 0}, .pad_after = {1, 1}}},
      {"gaps between windows", {1, 8, 9, 2}, {.pool_size = {2, 2}, .strides = {3, 4}}},
      {"whole image", {3, 4, 4, 5}, {.pool_size = {4, 4}, .strides = {4, 4}}},
      {"1x1", {2, 3, 3, 2}, {.pool_size = {1, 1}, .strides = {1, 1}}},
      {"no images", {0, 4, 4, 2}, {}},
  };
}

std::vector<int64_t> axes_of_sets(const Shape& x) {
  const auto dims = x.dims();
  return {dims.begin(), dims.end() - std::min<int64_t>(4, x.rank())};
}

Shape with_sets(std::vector<int64_t> sets, const Shape& element) {
  sets.insert(sets.end(), element.begin(), element.end());
  return Shape(sets);
}

void fill_index(std::span<double> values, int64_t positions) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<double>((i * 7 + i / 5) % static_cast<size_t>(positions));
  }
}

Conv2DAttrs with_result(Conv2DAttrs attrs, const Shape& result) {
  attrs.result = result;
  return attrs;
}

Pool2DAttrs with_result(Pool2DAttrs attrs, const Shape& result) {
  attrs.result = result;
  return attrs;
}

}  // namespace danlu::convolution
