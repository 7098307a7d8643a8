#include "danlu/ops/conv/spatial.h"

#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"

namespace danlu::convolution {
namespace {

std::string text(const std::vector<int64_t>& numbers) {
  std::string s = "(";
  for (int64_t n : numbers) s += (s.size() > 1 ? ", " : "") + std::to_string(n);
  return s + ")";
}

void require_known_format(const std::string& where, const std::string& data_format) {
  if (data_format == "channels_last" || data_format == "channels_first") return;
  throw ValueError({.where = where,
                    .what = "The data format is unknown",
                    .expected = "'channels_last' or 'channels_first'",
                    .received = "'" + data_format + "'"});
}

/// Padding that makes the output as long as the input, divided by the stride and rounded up.
void pad_to_same(const Shape& x, Spatial& s) {
  for (size_t i = 0; i < s.window.size(); ++i) {
    const int64_t length = x[static_cast<int>(i) + 1];
    const int64_t out = (length + s.strides[i] - 1) / s.strides[i];
    const int64_t total = std::max<int64_t>(0, (out - 1) * s.strides[i] + s.reach(i) - length);
    s.before.push_back(total / 2);
    s.after.push_back(total - total / 2);
  }
}

}  // namespace

std::vector<int64_t> per_axis(const std::string& where, const char* what,
                              const std::vector<int64_t>& given, int rank, int64_t low) {
  const bool in_range = std::all_of(given.begin(), given.end(),
                                    [&](int64_t n) { return n >= low && n <= INT32_MAX; });
  const bool fits = given.size() == 1 || given.size() == static_cast<size_t>(rank);
  if (!in_range || !fits) {
    throw ValueError({.where = where,
                      .what = std::string("The ") + what +
                              (fits ? " is out of range" : " does not fit the input"),
                      .expected = "one number of " + std::to_string(low) + " or more, or " +
                                  std::to_string(rank) + " of them",
                      .received = text(given)});
  }
  return given.size() == 1 ? std::vector<int64_t>(static_cast<size_t>(rank), given[0]) : given;
}

Array to_channels_last(const std::string& where, const Array& x, const std::string& data_format) {
  require_known_format(where, data_format);
  if (x.rank() < 3 || x.rank() > 5) {
    throw ShapeError({.where = where,
                      .what = "The input has the wrong rank",
                      .expected = "batch, one to three spatial axes, and channels",
                      .received = x.shape().to_string()});
  }
  if (data_format == "channels_last") return x;
  std::vector<int64_t> axes = {0};
  for (int i = 2; i < x.rank(); ++i) axes.push_back(i);
  axes.push_back(1);
  return transpose(x, axes);
}

Array from_channels_last(const Array& y, const std::string& data_format) {
  if (data_format == "channels_last") return y;
  std::vector<int64_t> axes = {0, y.rank() - 1};
  for (int i = 1; i + 1 < y.rank(); ++i) axes.push_back(i);
  return transpose(y, axes);
}

Spatial make_spatial(const std::string& where, const Array& x, std::vector<int64_t> window,
                     const std::vector<int64_t>& strides, const std::vector<int64_t>& dilation,
                     const SpatialPadding& padding) {
  const int rank = x.rank() - 2;
  Spatial s{.window = per_axis(where, "window", window, rank, 1),
            .strides = per_axis(where, "stride", strides, rank, 1),
            .dilation = per_axis(where, "dilation rate", dilation, rank, 1)};
  if (padding.mode == "same") {
    pad_to_same(x.shape(), s);
  } else if (padding.mode == "valid") {
    s.before.resize(s.window.size());
    s.after.resize(s.window.size());
  } else if (padding.mode == "explicit") {
    for (const auto& [before, after] : padding.widths) {
      s.before.push_back(before);
      s.after.push_back(after);
    }
    if (s.before.size() != s.window.size()) {
      throw ValueError({.where = where,
                        .what = "The padding does not fit the input",
                        .expected = std::to_string(rank) + " pairs of numbers before and after",
                        .received = std::to_string(s.before.size()) + " pairs"});
    }
    per_axis(where, "padding", s.before, rank, 0);
    per_axis(where, "padding", s.after, rank, 0);
  } else {
    throw ValueError({.where = where,
                      .what = "The padding is unknown",
                      .expected = "'valid', 'same', or pairs of numbers before and after",
                      .received = "'" + padding.mode + "'"});
  }
  for (size_t i = 0; i < s.window.size(); ++i) {
    const int64_t padded = x.shape()[static_cast<int>(i) + 1] + s.before[i] + s.after[i];
    if (s.reach(i) <= padded) continue;
    throw ShapeError(
        {.where = where,
         .what = "The window is larger than the padded input",
         .expected =
             "at most " + std::to_string(padded) + " along spatial axis " + std::to_string(i),
         .received = std::to_string(s.reach(i)) + " for an input of shape " + x.shape().to_string(),
         .hint = "use padding 'same' or a smaller window"});
  }
  return s;
}

namespace {

/// The last two of up to three numbers; one number stands behind `fill`.
std::array<int64_t, 2> pair(const std::vector<int64_t>& numbers, size_t first, int64_t fill) {
  if (numbers.size() == 1) return {fill, numbers[0]};
  return {numbers[first], numbers[first + 1]};
}

}  // namespace

Conv2DAttrs Spatial::conv_attrs(int64_t groups, size_t first) const {
  return {.strides = pair(strides, first, 1),
          .pad_before = pair(before, first, 0),
          .pad_after = pair(after, first, 0),
          .dilation_rate = pair(dilation, first, 1),
          .groups = groups};
}

Pool2DAttrs Spatial::pool_attrs(size_t first) const {
  return {.pool_size = pair(window, first, 1),
          .strides = pair(strides, first, 1),
          .pad_before = pair(before, first, 0),
          .pad_after = pair(after, first, 0)};
}

}  // namespace danlu::convolution
