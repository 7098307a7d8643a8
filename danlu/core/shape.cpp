#include "danlu/core/shape.h"

#include <algorithm>

#include "danlu/base/error.h"

namespace danlu {

Shape::Shape(std::span<const int64_t> dims) {
  auto text = [&] {
    std::string s;
    for (int64_t d : dims) s += (s.empty() ? "" : ", ") + std::to_string(d);
    return "(" + s + ")";
  };
  if (dims.size() > kMaxRank) {
    throw ShapeError({.where = "Shape",
                      .what = "An Array has too many dimensions",
                      .expected = "at most " + std::to_string(kMaxRank),
                      .received = std::to_string(dims.size())});
  }
  rank_ = static_cast<int>(dims.size());
  int64_t count = 1;
  for (int i = 0; i < rank_; ++i) {
    const int64_t d = dims[i];
    if (d < kUnknown) {
      throw ShapeError({.where = "Shape",
                        .what = "A dimension is negative",
                        .expected = "dimensions of 0 or more",
                        .received = text()});
    }
    dims_[i] = d;
    if (d > 0 && __builtin_mul_overflow(count, d, &count)) count = INT64_MAX;
  }
  if (count > (int64_t{1} << 59)) {
    throw ShapeError({.where = "Shape",
                      .what = "The number of elements overflows",
                      .expected = "at most 2^59 elements",
                      .received = text()});
  }
}

int64_t Shape::num_elements() const {
  int64_t count = 1;
  for (int64_t d : dims()) count *= d;
  return count;
}

bool Shape::is_known() const {
  return std::none_of(begin(), end(), [](int64_t d) { return d == kUnknown; });
}

Shape Shape::with_dim(int axis, int64_t value) const {
  auto dims = dims_;
  dims[axis < 0 ? axis + rank_ : axis] = value;
  return Shape(std::span<const int64_t>(dims.data(), static_cast<size_t>(rank_)));
}

Shape Shape::without_axis(int axis) const {
  auto dims = to_vector();
  dims.erase(dims.begin() + (axis < 0 ? axis + rank_ : axis));
  return Shape(dims);
}

Shape Shape::with_axis_inserted(int axis, int64_t value) const {
  auto dims = to_vector();
  dims.insert(dims.begin() + (axis < 0 ? axis + rank_ + 1 : axis), value);
  return Shape(dims);
}

std::string Shape::to_string() const {
  std::string s = "(";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0) s += ", ";
    s += dims_[i] == kUnknown ? "None" : std::to_string(dims_[i]);
  }
  if (rank_ == 1) s += ",";
  return s + ")";
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const std::string& where) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> dims(rank);
  for (int i = 1; i <= rank; ++i) {
    const int64_t da = i <= a.rank() ? a[-i] : 1;
    const int64_t db = i <= b.rank() ? b[-i] : 1;
    if (da != db && da != 1 && db != 1 && da != Shape::kUnknown && db != Shape::kUnknown) {
      throw ShapeError({.where = where,
                        .what = "The shapes cannot be broadcast together",
                        .expected = "dimensions that are equal or 1, compared from the last",
                        .received = a.to_string() + " and " + b.to_string(),
                        .hint = "reshape one of them so that the dimensions line up"});
    }
    dims[rank - i] = da == 1 ? db : (da == Shape::kUnknown && db != 1 ? db : da);
  }
  return Shape(dims);
}

int normalize_axis(int64_t axis, int rank, const std::string& where) {
  if (axis < -rank || axis >= rank) {
    throw ShapeError({.where = where,
                      .what = "The axis is out of range",
                      .expected = rank == 0 ? "no axis, since the input is a scalar"
                                            : "an axis from " + std::to_string(-rank) + " to " +
                                                  std::to_string(rank - 1),
                      .received = std::to_string(axis)});
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::string TensorSpec::to_string() const { return std::string(name(dtype)) + shape.to_string(); }

}  // namespace danlu
