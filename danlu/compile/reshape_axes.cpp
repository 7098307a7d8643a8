#include "danlu/compile/reshape_axes.h"

#include <algorithm>

namespace danlu::compile {
namespace {

/// Axes of both shapes with the same elements; axes of length 1 belong to none.
struct AxisGroup {
  std::vector<int> from, to;
};

std::vector<int> long_axes(const Shape& shape) {
  std::vector<int> axes;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != 1) axes.push_back(i);
  }
  return axes;
}

std::vector<AxisGroup> matching_axes(const Shape& from, const Shape& to) {
  const std::vector<int> a = long_axes(from), b = long_axes(to);
  std::vector<AxisGroup> groups;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    AxisGroup group{{a[i]}, {b[j]}};
    int64_t m = from[a[i++]], n = to[b[j++]];
    while (m != n) {
      if (m < n) {
        group.from.push_back(a[i]);
        m *= from[a[i++]];
      } else {
        group.to.push_back(b[j]);
        n *= to[b[j++]];
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

std::optional<Shape> reshaped_operand(const Shape& operand, const Shape& from, const Shape& to) {
  if (from.num_elements() == 0 || operand.rank() > from.rank()) return std::nullopt;
  const int missing = from.rank() - operand.rank();
  const auto repeated = [&](int axis) { return axis < missing || operand[axis - missing] == 1; };
  std::vector<int64_t> dims(static_cast<size_t>(to.rank()), 1);
  for (const AxisGroup& group : matching_axes(from, to)) {
    const auto count = std::count_if(group.from.begin(), group.from.end(), repeated);
    if (count == static_cast<int64_t>(group.from.size())) continue;
    if (count > 0) return std::nullopt;
    for (const int axis : group.to) dims[static_cast<size_t>(axis)] = to[axis];
  }
  dims.erase(dims.begin(), std::find_if(dims.begin(), dims.end(), [](int64_t n) { return n > 1; }));
  return Shape(dims);
}

std::optional<std::vector<int64_t>> reshaped_axes(const std::vector<int64_t>& axes,
                                                  const Shape& from, const Shape& to) {
  if (from.num_elements() == 0) return std::nullopt;
  const auto chosen = [&](int axis) {
    return std::find(axes.begin(), axes.end(), axis) != axes.end();
  };
  std::vector<int64_t> result;
  for (const AxisGroup& group : matching_axes(from, to)) {
    const auto count = std::count_if(group.from.begin(), group.from.end(), chosen);
    if (count == 0) continue;
    if (count < static_cast<int64_t>(group.from.size())) return std::nullopt;
    result.insert(result.end(), group.to.begin(), group.to.end());
  }
  return result;
}

}  // namespace danlu::compile
