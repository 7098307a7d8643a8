#include <algorithm>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

std::vector<int64_t> identity_axes(const Array& x) {
  std::vector<int64_t> axes(static_cast<size_t>(x.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// Elements [from, to) of one axis.
Array part(const Array& x, int axis, int64_t from, int64_t to) {
  std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().to_vector();
  start[static_cast<size_t>(axis)] = from, stop[static_cast<size_t>(axis)] = to;
  return slice(x, start, stop);
}

}  // namespace

Array ravel(const Array& x) { return reshape(x, Shape{x.size()}); }

Array swapaxes(const Array& x, int64_t axis1, int64_t axis2) {
  auto axes = identity_axes(x);
  std::swap(axes[static_cast<size_t>(normalize_axis(axis1, x.rank(), "swapaxes"))],
            axes[static_cast<size_t>(normalize_axis(axis2, x.rank(), "swapaxes"))]);
  return std::is_sorted(axes.begin(), axes.end()) ? x : transpose(x, axes);
}

Array moveaxis(const Array& x, const std::vector<int64_t>& source,
               const std::vector<int64_t>& destination) {
  const auto rank = static_cast<size_t>(x.rank());
  std::vector<int64_t> axes(rank, -1);
  std::vector<bool> moved(rank, false);
  bool fits = source.size() == destination.size();
  for (size_t i = 0; fits && i < source.size(); ++i) {
    const auto from = static_cast<size_t>(normalize_axis(source[i], x.rank(), "moveaxis"));
    const auto to = static_cast<size_t>(normalize_axis(destination[i], x.rank(), "moveaxis"));
    fits = !moved[from] && axes[to] < 0;
    moved[from] = true;
    axes[to] = static_cast<int64_t>(from);
  }
  if (!fits) {
    throw ShapeError({.where = "moveaxis",
                      .what = "The axes do not pair up",
                      .expected = "as many destinations as sources, none of them twice",
                      .received = std::to_string(source.size()) + " sources and " +
                                  std::to_string(destination.size()) + " destinations"});
  }
  size_t next = 0;
  for (int64_t& axis : axes) {
    if (axis >= 0) continue;
    while (moved[next]) ++next;
    axis = static_cast<int64_t>(next++);
  }
  return std::is_sorted(axes.begin(), axes.end()) ? x : transpose(x, axes);
}

Array flip(const Array& x, const std::vector<int64_t>& axis) {
  std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().to_vector();
  std::vector<int64_t> step(static_cast<size_t>(x.rank()), 1);
  for (int64_t a : axis.empty() ? identity_axes(x) : axis) {
    const auto at = static_cast<size_t>(normalize_axis(a, x.rank(), "flip"));
    start[at] = -1;
    stop[at] = -x.shape()[static_cast<int>(at)] - 1;
    step[at] = -1;
  }
  return x.rank() == 0 ? x : slice(x, start, stop, step);
}

Array fliplr(const Array& x) { return flip(x, {1}); }
Array flipud(const Array& x) { return flip(x, {0}); }

Array rot90(const Array& x, int64_t k, const std::array<int64_t, 2>& axes) {
  const int first = normalize_axis(axes[0], x.rank(), "rot90");
  const int second = normalize_axis(axes[1], x.rank(), "rot90");
  if (first == second) {
    throw ShapeError({.where = "rot90",
                      .what = "The axes span no plane",
                      .expected = "two different axes",
                      .received = std::to_string(axes[0]) + " and " + std::to_string(axes[1])});
  }
  switch ((k % 4 + 4) % 4) {
    case 1:
      return flip(swapaxes(x, first, second), {first});
    case 2:
      return flip(x, {first, second});
    case 3:
      return flip(swapaxes(x, first, second), {second});
    default:
      return x;
  }
}

Array roll(const Array& x, const std::vector<int64_t>& shift, const std::vector<int64_t>& axis) {
  if (axis.empty()) {
    const int64_t total = std::accumulate(shift.begin(), shift.end(), int64_t{0});
    return reshape(roll(ravel(x), {total}, {0}), x.shape());
  }
  if (shift.size() != axis.size() && shift.size() != 1) {
    throw ShapeError({.where = "roll",
                      .what = "Shifts and axes do not pair up",
                      .expected = "one shift, or one for each axis",
                      .received = std::to_string(shift.size()) + " shifts and " +
                                  std::to_string(axis.size()) + " axes"});
  }
  Array result = x;
  for (size_t i = 0; i < axis.size(); ++i) {
    const int at = normalize_axis(axis[i], x.rank(), "roll");
    const int64_t n = x.shape()[at];
    const int64_t wanted = shift[shift.size() == 1 ? 0 : i];
    const int64_t by = n == 0 ? 0 : (wanted % n + n) % n;
    if (by == 0) continue;
    result = concatenate({part(result, at, n - by, n), part(result, at, 0, n - by)}, at);
  }
  return result;
}

Array repeat(const Array& x, int64_t repeats, std::optional<int64_t> axis) {
  if (repeats < 0) {
    throw ValueError({.where = "repeat",
                      .what = "The number of repeats is negative",
                      .expected = "0 or more",
                      .received = std::to_string(repeats)});
  }
  if (!axis) return repeat(ravel(x), repeats, 0);
  const int at = normalize_axis(*axis, x.rank(), "repeat");
  const Shape& shape = x.shape();
  int64_t before = 1, after = 1, length = 0;
  for (int i = 0; i < at; ++i) before *= shape[i];
  for (int i = at + 1; i < x.rank(); ++i) after *= shape[i];
  if (__builtin_mul_overflow(shape[at], repeats, &length)) length = INT64_MAX;  // Shape refuses it
  const Shape out = shape.with_dim(at, length);
  const Array parts = reshape(x, Shape{before * shape[at], 1, after});
  return reshape(broadcast_to(parts, Shape{before * shape[at], repeats, after}), out);
}

Array repeat(const Array& x, const std::vector<int64_t>& repeats, std::optional<int64_t> axis) {
  if (repeats.size() == 1) return repeat(x, repeats[0], axis);
  if (!axis) return repeat(ravel(x), repeats, 0);
  const int at = normalize_axis(*axis, x.rank(), "repeat");
  const bool negative =
      std::any_of(repeats.begin(), repeats.end(), [](int64_t r) { return r < 0; });
  if (negative || static_cast<int64_t>(repeats.size()) != x.shape()[at]) {
    throw ShapeError({.where = "repeat",
                      .what = "The repeats do not fit the axis",
                      .expected = std::to_string(x.shape()[at]) + " numbers of 0 or more",
                      .received = std::to_string(repeats.size()) +
                                  (negative ? " with negative ones among them" : "")});
  }
  std::vector<int64_t> places;
  for (size_t i = 0; i < repeats.size(); ++i) {
    places.insert(places.end(), static_cast<size_t>(repeats[i]), static_cast<int64_t>(i));
  }
  return take(x, Array(places), at);
}

Array tile(const Array& x, const std::vector<int64_t>& repeats) {
  Array result = x;
  while (result.rank() < static_cast<int>(repeats.size())) result = expand_dims(result, 0);
  const auto first = static_cast<size_t>(result.rank()) - repeats.size();
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int at = static_cast<int>(first + i);
    if (repeats[i] < 0) {
      throw ValueError({.where = "tile",
                        .what = "A number of repeats is negative",
                        .expected = "0 or more",
                        .received = std::to_string(repeats[i])});
    }
    if (repeats[i] == 1) continue;
    const Shape& shape = result.shape();
    int64_t before = 1, length = 0;
    for (int k = 0; k < at; ++k) before *= shape[k];
    if (__builtin_mul_overflow(shape[at], repeats[i], &length)) length = INT64_MAX;
    const Shape out = shape.with_dim(at, length);
    const int64_t rest = before == 0 ? 0 : result.size() / before;
    const Array parts = reshape(result, Shape{before, 1, rest});
    result = reshape(broadcast_to(parts, Shape{before, repeats[i], rest}), out);
  }
  return result;
}

Array diff(const Array& x, int64_t n, int64_t axis) {
  if (n < 0) {
    throw ValueError({.where = "diff",
                      .what = "The order is negative",
                      .expected = "0 or more",
                      .received = std::to_string(n)});
  }
  const int at = normalize_axis(axis, x.rank(), "diff");
  Array result = x;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t length = result.shape()[at];
    if (length == 0) return result;
    const Array upper = part(result, at, 1, length), lower = part(result, at, 0, length - 1);
    result = x.dtype() == DType::bool_ ? upper != lower : upper - lower;
  }
  return result;
}

}  // namespace danlu
