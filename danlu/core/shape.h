#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "danlu/core/dtype.h"

namespace danlu {

/// Dimensions of an Array, outermost first, at most `kMaxRank` of them. `()` is a scalar.
/// A dimension may be `kUnknown` only inside a TensorSpec used while building models.
class Shape {
 public:
  static constexpr int kMaxRank = 8;
  static constexpr int64_t kUnknown = -1;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims)
      : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  Shape(const std::vector<int64_t>& dims) : Shape(std::span<const int64_t>(dims)) {}
  /// Errors: ShapeError for more than kMaxRank dimensions, one below −1, or more than
  /// 2^62 bytes' worth of elements.
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  /// Negative `axis` counts from the end; unchecked beyond that.
  int64_t operator[](int axis) const { return dims_[axis < 0 ? axis + rank_ : axis]; }
  /// Product of the dimensions; 1 for a scalar. All dimensions must be known.
  int64_t num_elements() const;
  bool is_known() const;

  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  std::span<const int64_t> dims() const { return {begin(), end()}; }
  std::vector<int64_t> to_vector() const { return {begin(), end()}; }

  Shape with_dim(int axis, int64_t value) const;
  Shape without_axis(int axis) const;
  Shape with_axis_inserted(int axis, int64_t value) const;

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.rank_ == b.rank_ && a.dims_ == b.dims_;
  }

  /// "(64, 28, 28, 1)", "(5,)", "()", with None for unknown dimensions.
  std::string to_string() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

/// Shape of `a op b` after NumPy broadcasting.
/// Errors: ShapeError naming `where` and both shapes.
Shape broadcast_shapes(const Shape& a, const Shape& b, const std::string& where);

/// `axis` brought into [0, rank). Errors: ShapeError naming `where`.
int normalize_axis(int64_t axis, int rank, const std::string& where);

/// What is known of an Array before it exists: shape (dimensions may be unknown) and dtype.
struct TensorSpec {
  Shape shape;
  DType dtype = DType::float32;

  size_t bytes() const { return static_cast<size_t>(shape.num_elements()) * size_of(dtype); }
  std::string to_string() const;
  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

}  // namespace danlu
