#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

int64_t modulo(int64_t a, int64_t n) { return (a % n + n) % n; }

/// The element of an axis of length n that stands at `place`, which may lie outside.
int64_t source(const std::string& mode, int64_t place, int64_t n) {
  if (mode == "edge") return std::clamp<int64_t>(place, 0, n - 1);
  if (mode == "wrap") return modulo(place, n);
  // A mirror at the last element, or behind it.
  const int64_t period = mode == "reflect" ? std::max<int64_t>(1, 2 * (n - 1)) : 2 * n;
  const int64_t at = modulo(place, period);
  return at < n ? at : mode == "reflect" ? period - at : period - 1 - at;
}

}  // namespace

Array pad(const Array& x, const std::vector<std::array<int64_t, 2>>& pad_width,
          const std::string& mode, double value) {
  if (mode == "constant") return pad(x, pad_width, value);
  if (mode != "reflect" && mode != "symmetric" && mode != "edge" && mode != "wrap") {
    throw ValueError({.where = "pad",
                      .what = "There is no such mode",
                      .expected = "\"constant\", \"reflect\", \"symmetric\", \"edge\" or \"wrap\"",
                      .received = "\"" + mode + "\""});
  }
  if (static_cast<int>(pad_width.size()) != x.rank()) {
    throw ShapeError({.where = "pad",
                      .what = "The padding does not fit the input",
                      .expected = "two widths for each axis of " + x.shape().to_string(),
                      .received = "widths for " + std::to_string(pad_width.size()) + " axes"});
  }
  Array result = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto& [before, after] = pad_width[static_cast<size_t>(axis)];
    const int64_t n = x.shape()[axis];
    if (before == 0 && after == 0) continue;
    if (before < 0 || after < 0 || n == 0 || before > (1 << 30) || after > (1 << 30)) {
      throw ShapeError({.where = "pad",
                        .what = "The padding cannot be made from the input",
                        .expected = "widths from 0 to 2^30 and an axis that is not empty",
                        .received = std::to_string(before) + " and " + std::to_string(after) +
                                    " for axis " + std::to_string(axis) + " of " +
                                    x.shape().to_string()});
    }
    std::vector<int64_t> places;
    for (int64_t i = -before; i < n + after; ++i) places.push_back(source(mode, i, n));
    result = take(result, Array(places), axis);
  }
  return result;
}

}  // namespace danlu
