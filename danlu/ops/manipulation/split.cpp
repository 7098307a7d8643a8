#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

std::vector<Array> parts(const Array& x, int axis, const std::vector<int64_t>& ends) {
  std::vector<Array> result;
  std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().to_vector();
  const auto at = static_cast<size_t>(axis);
  int64_t from = 0;
  for (int64_t end : ends) {
    start[at] = from, stop[at] = std::max(from, end);
    result.push_back(slice(x, start, stop));
    from = end;
  }
  return result;
}

void require_sections(const char* where, int64_t sections) {
  if (sections > 0) return;
  throw ValueError({.where = where,
                    .what = "The number of sections is not usable",
                    .expected = "1 or more",
                    .received = std::to_string(sections)});
}

Array with_rank(Array x, int rank) {
  if (x.rank() == 0) x = reshape(x, Shape{1});
  if (rank > 1 && x.rank() == 1) x = expand_dims(x, 0);
  if (rank > 2 && x.rank() == 2) x = expand_dims(x, 2);
  return x;
}

std::vector<Array> with_rank(const std::vector<Array>& xs, int rank) {
  std::vector<Array> result;
  for (const Array& x : xs) result.push_back(with_rank(x, rank));
  return result;
}

}  // namespace

std::vector<Array> array_split(const Array& x, int64_t sections, int64_t axis) {
  require_sections("array_split", sections);
  const int at = normalize_axis(axis, x.rank(), "array_split");
  const int64_t length = x.shape()[at];
  std::vector<int64_t> ends;
  for (int64_t i = 1; i <= sections; ++i) {
    ends.push_back(i * (length / sections) + std::min(i, length % sections));
  }
  return parts(x, at, ends);
}

std::vector<Array> split(const Array& x, int64_t sections, int64_t axis) {
  require_sections("split", sections);
  const int at = normalize_axis(axis, x.rank(), "split");
  if (x.shape()[at] % sections != 0) {
    throw ShapeError({.where = "split",
                      .what = "The axis cannot be split into equal parts",
                      .expected = "a length that is a multiple of " + std::to_string(sections),
                      .received = x.shape().to_string(),
                      .hint = "array_split makes parts of different lengths"});
  }
  return array_split(x, sections, at);
}

std::vector<Array> split(const Array& x, const std::vector<int64_t>& indices, int64_t axis) {
  const int at = normalize_axis(axis, x.rank(), "split");
  const int64_t length = x.shape()[at];
  std::vector<int64_t> ends;
  for (int64_t i : indices) ends.push_back(std::clamp<int64_t>(i < 0 ? i + length : i, 0, length));
  ends.push_back(length);
  return parts(x, at, ends);
}

std::vector<Array> unstack(const Array& x, std::optional<int64_t> num, int64_t axis) {
  const int at = normalize_axis(axis, x.rank(), "unstack");
  if (num && *num != x.shape()[at]) {
    throw ShapeError({.where = "unstack",
                      .what = "There are not that many elements along the axis",
                      .expected = "num = " + std::to_string(x.shape()[at]) + " or none",
                      .received = "num = " + std::to_string(*num) + " for shape " +
                                  x.shape().to_string() + " and axis " + std::to_string(axis)});
  }
  if (x.shape()[at] == 0) return {};
  std::vector<Array> result = array_split(x, x.shape()[at], at);
  for (Array& element : result) element = squeeze(element, at);
  return result;
}

Array append(const Array& x1, const Array& x2, std::optional<int64_t> axis) {
  if (axis) return concatenate({x1, x2}, *axis);
  return concatenate({reshape(x1, Shape{x1.size()}), reshape(x2, Shape{x2.size()})}, 0);
}

Array hstack(const std::vector<Array>& xs) {
  const std::vector<Array> rows = with_rank(xs, 1);
  return concatenate(rows, !rows.empty() && rows[0].rank() > 1 ? 1 : 0);
}

Array vstack(const std::vector<Array>& xs) { return concatenate(with_rank(xs, 2), 0); }
Array dstack(const std::vector<Array>& xs) { return concatenate(with_rank(xs, 3), 2); }

std::vector<Array> hsplit(const Array& x, int64_t sections) {
  return split(x, sections, x.rank() == 1 ? 0 : 1);
}
std::vector<Array> hsplit(const Array& x, const std::vector<int64_t>& indices) {
  return split(x, indices, x.rank() == 1 ? 0 : 1);
}
std::vector<Array> vsplit(const Array& x, int64_t sections) { return split(x, sections, 0); }
std::vector<Array> vsplit(const Array& x, const std::vector<int64_t>& indices) {
  return split(x, indices, 0);
}
std::vector<Array> dsplit(const Array& x, int64_t sections) { return split(x, sections, 2); }
std::vector<Array> dsplit(const Array& x, const std::vector<int64_t>& indices) {
  return split(x, indices, 2);
}

}  // namespace danlu
