#include "danlu/nn/layers/checks.h"

#include <cstdint>

#include "danlu/base/error.h"

namespace danlu {

void check_at_least(const std::string& where, const std::string& field, int64_t value,
                    int64_t least) {
  if (value >= least) return;
  throw ValueError({.where = where,
                    .what = "`" + field + "` is too small",
                    .expected = "an integer of at least " + std::to_string(least),
                    .received = field + "=" + std::to_string(value)});
}

void check_padding(const std::string& where, const std::string& padding) {
  if (padding == "valid" || padding == "same") return;
  throw ValueError({.where = where,
                    .what = "`padding` is unknown",
                    .expected = "\"valid\" or \"same\"",
                    .received = "\"" + padding + "\""});
}

void check_inputs(const std::vector<Shape>& inputs, size_t least, size_t most) {
  if (inputs.size() >= least && inputs.size() <= most) return;
  throw ValueError({.what = "The number of inputs does not fit the layer",
                    .expected = least == most ? std::to_string(least)
                                : most < SIZE_MAX
                                    ? std::to_string(least) + " to " + std::to_string(most)
                                    : std::to_string(least) + " or more",
                    .received = std::to_string(inputs.size())});
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
    throw ShapeError({.what = "The window is larger than the input, so no output would be left",
                      .expected = "at least " + std::to_string(window) +
                                  " rows and columns under "
                                  "the window",
                      .received = input.to_string(),
                      .hint = "use a smaller window, fewer pooling layers or padding=\"same\""});
  }
  return (length - window) / stride + 1;
}

}  // namespace danlu
