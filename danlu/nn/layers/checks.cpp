#include "danlu/nn/layers/checks.h"

#include <algorithm>
#include <cstdint>

#include "danlu/base/error.h"
#include "danlu/base/text.h"

namespace danlu {

void check_at_least(const std::string& where, const std::string& field, int64_t value,
                    int64_t least) {
  if (value >= least && value <= INT32_MAX) return;
  throw ValueError({.where = where,
                    .what = "`" + field + "` is too " + (value < least ? "small" : "large"),
                    .expected = value < least ? "an integer of at least " + std::to_string(least)
                                              : "at most " + std::to_string(INT32_MAX),
                    .received = field + "=" + std::to_string(value)});
}

void check_padding(const std::string& where, const std::string& padding) {
  if (padding == "valid" || padding == "same") return;
  throw ValueError({.where = where,
                    .what = "`padding` is unknown",
                    .expected = "\"valid\" or \"same\"",
                    .received = "\"" + padding + "\""});
}

namespace {

/// ": (2, 3), (2, 4)"
std::string shapes_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? ": " : ", ") + shape.to_string();
  return text;
}

}  // namespace

void check_inputs(const std::vector<Shape>& inputs, size_t least, size_t most) {
  if (inputs.size() >= least && inputs.size() <= most) return;
  throw ValueError({.what = "The number of inputs does not fit the layer",
                    .expected = least == most ? std::to_string(least)
                                : most < SIZE_MAX
                                    ? std::to_string(least) + " to " + std::to_string(most)
                                    : std::to_string(least) + " or more",
                    .received = std::to_string(inputs.size()) + shapes_text(inputs)});
}

Integers per_axis(const std::string& where, const std::string& field, const Integers& given,
                  int count, int64_t least) {
  const std::string wanted = "an integer, or one for each of " + std::to_string(count) + " axes";
  if (!given.defined()) {
    throw ValueError({.where = where, .what = "`" + field + "` is missing", .expected = wanted});
  }
  const auto axes = static_cast<size_t>(count);
  if (given.is_list() && given.size() != axes) {
    throw ValueError({.where = where,
                      .what = "`" + field + "` has another number of axes than the layer",
                      .expected = wanted,
                      .received = field + "=" + given.to_string()});
  }
  for (const int64_t value : given.values()) {
    if (value >= least && value <= INT32_MAX) continue;
    throw ValueError(
        {.where = where,
         .what = "`" + field + "` is too " + (value < least ? "small" : "large"),
         .expected = wanted + ", at least " + std::to_string(least) + " and less than 2^31",
         .received = field + "=" + given.to_string()});
  }
  return given.is_list() ? given : Integers(std::vector<int64_t>(axes, given[0]));
}

std::string checked_data_format(const std::string& where, const std::string& data_format) {
  if (data_format.empty()) return "channels_last";
  if (data_format == "channels_last" || data_format == "channels_first") return data_format;
  throw ValueError({.where = where,
                    .what = "`data_format` is unknown",
                    .expected = "\"channels_last\" or \"channels_first\"",
                    .received = "\"" + data_format + "\""});
}

std::string image_axes(int rank, const std::string& data_format) {
  const std::string spatial = rank == 1   ? "steps"
                              : rank == 2 ? "height, width"
                                          : "depth, height, width";
  return data_format == "channels_first" ? "(batch, channels, " + spatial + ")"
                                         : "(batch, " + spatial + ", channels)";
}

void check_rate(const std::string& where, const std::string& field, double rate) {
  if (rate >= 0 && rate <= 1) return;
  throw ValueError({.where = where,
                    .what = "`" + field + "` is out of range",
                    .expected = "a number in [0, 1]",
                    .received = field + "=" + number_text(rate)});
}

std::vector<int64_t> normalized_axes(const Integers& axes, const Shape& input) {
  if (axes.size() == 0) {
    throw ValueError({.what = "`axis` names no axis",
                      .expected = "an integer or a list of them",
                      .received = "axis=" + axes.to_string()});
  }
  std::vector<int64_t> normalized;
  for (const int64_t axis : axes.values()) {
    normalized.push_back(normalize_axis(axis, input.rank(), "axis"));
    if (std::count(normalized.begin(), normalized.end(), normalized.back()) == 1) continue;
    throw ValueError(
        {.what = "An axis is named twice",
         .expected = "different axes",
         .received = "axis=" + axes.to_string() + " for an input of shape " + input.to_string()});
  }
  return normalized;
}

void check_rank(const Shape& input, int rank, const std::string& axes) {
  if (input.rank() == rank) return;
  throw ShapeError({.what = "The input has the wrong number of axes",
                    .expected = axes,
                    .received = input.to_string()});
}

void check_rank_at_least(const Shape& input, int rank) {
  if (input.rank() >= rank) return;
  throw ShapeError({.what = "The input has too few axes",
                    .expected = "at least " + std::to_string(rank) + ", the batch axis included",
                    .received = input.to_string(),
                    .hint = "the first axis counts samples: reshape one sample to (1, …)"});
}

void check_known_axis(const Shape& input, int axis) {
  if (input[axis] != Shape::kUnknown) return;
  throw ShapeError({.what = "The weights depend on a dimension that is unknown",
                    .expected = "a known length of axis " + std::to_string(axis),
                    .received = input.to_string()});
}

void check_axis(const Shape& input, int axis, int64_t length) {
  if (input[axis] == length) return;
  throw ShapeError({.what = "The input does not fit the weights",
                    .expected = "axis " + std::to_string(axis) + " of length " +
                                std::to_string(length) + ", as when the layer was built",
                    .received = input.to_string()});
}

int64_t window_output(int64_t length, int64_t window, int64_t stride, const std::string& padding,
                      const Shape& input) {
  if (length == Shape::kUnknown) return length;
  if (padding == "same") return (length + stride - 1) / stride;
  if (length < window) {
    throw ShapeError(
        {.what = "The window is larger than the input, so no output would be left",
         .expected = "at least " + std::to_string(window) + " rows and columns under the window",
         .received = input.to_string() + ", strides of " + std::to_string(stride) + ", padding=\"" +
                     padding + "\"",
         .hint = "use a smaller window, fewer pooling layers or padding=\"same\""});
  }
  return (length - window) / stride + 1;
}

}  // namespace danlu
