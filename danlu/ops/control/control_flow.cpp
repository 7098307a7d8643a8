#include "danlu/ops/control_flow.h"

#include <string>

namespace danlu::internal {
namespace {

void require_scalar(const std::string& where, const std::string& what, const Array& x) {
  if (x.rank() == 0) return;
  throw ShapeError({.where = where,
                    .what = what + " is no scalar",
                    .expected = "shape ()",
                    .received = x.shape().to_string()});
}

}  // namespace

Array as_condition(const std::string& where, const Array& x) {
  require_scalar(where, "The condition", x);
  return x.dtype() == DType::bool_ ? x : x != 0;
}

Array as_index(const std::string& where, const Array& x) {
  require_scalar(where, "The index", x);
  if (!is_integer(x.dtype())) {
    throw DTypeError({.where = where,
                      .what = "The index is no integer",
                      .expected = "an integer dtype",
                      .received = x.spec().to_string()});
  }
  return cast(x, DType::int32);
}

int64_t scan_length(const std::string& where, const std::vector<Array>& sequences,
                    std::optional<int64_t> length) {
  for (const Array& x : sequences) {
    if (x.rank() == 0) {
      throw ShapeError({.where = where,
                        .what = "A scalar has no elements to go through",
                        .expected = "Arrays with a first axis",
                        .received = x.spec().to_string()});
    }
    if (length.value_or(x.shape()[0]) != x.shape()[0]) {
      throw ShapeError({.where = where,
                        .what = "The sequences differ in length",
                        .expected = std::to_string(*length) + " elements along the first axis",
                        .received = x.shape().to_string()});
    }
    length = x.shape()[0];
  }
  if (!length) {
    throw ValueError({.where = where,
                      .what = "Nothing tells the number of steps",
                      .expected = "a sequence, or options.length"});
  }
  if (*length < 0) {
    throw ValueError({.where = where,
                      .what = "The number of steps is negative",
                      .expected = "a length of 0 or more",
                      .received = std::to_string(*length)});
  }
  return *length;
}

Array axis_slice(const Array& x, int64_t axis, int64_t start, int64_t stop, int64_t step) {
  std::vector<int64_t> starts(static_cast<size_t>(axis) + 1, 0), steps(starts.size(), 1);
  std::vector<int64_t> stops(x.shape().begin(), x.shape().begin() + axis + 1);
  starts.back() = start, stops.back() = stop, steps.back() = step;
  return slice(x, starts, stops, steps);
}

Array interleave(const Array& a, const Array& b, int64_t axis) {
  const int at = static_cast<int>(axis);
  const int64_t pairs = b.shape()[at];
  const Array both = stack({axis_slice(a, axis, 0, pairs), b}, axis + 1);
  const Array joined = reshape(both, b.shape().with_dim(at, 2 * pairs));
  if (a.shape()[at] == pairs) return joined;
  return concatenate({joined, axis_slice(a, axis, pairs, pairs + 1)}, axis);
}

}  // namespace danlu::internal
