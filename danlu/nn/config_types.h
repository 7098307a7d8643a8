#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "danlu/core/shape.h"

/// Field types of layer configs: what Keras writes as an int or a tuple, a tuple or None.
namespace danlu {

/// A dimension that is not known yet, as in `Input({kNone, 3})`.
inline constexpr int64_t kNone = Shape::kUnknown;

/// Height and width: `3` means `{3, 3}`; `std::nullopt` stands for Keras's None where a config
/// allows it.
class Size2D {
 public:
  Size2D(std::nullopt_t) : defined_(false) {}
  Size2D(int64_t both) : values_{both, both} {}
  Size2D(int64_t height, int64_t width) : values_{height, width} {}

  bool defined() const { return defined_; }
  int64_t operator[](int i) const { return values_[static_cast<size_t>(i)]; }
  std::array<int64_t, 2> to_array() const { return values_; }
  /// "(3, 3)" or "None".
  std::string to_string() const;
  friend bool operator==(const Size2D&, const Size2D&) = default;

 private:
  std::array<int64_t, 2> values_{};
  bool defined_ = true;
};

/// A Shape or nothing: `{28, 28, 1}` or `std::nullopt`.
class OptionalShape {
 public:
  OptionalShape() = default;
  OptionalShape(std::nullopt_t) {}
  OptionalShape(Shape shape) : shape_(shape) {}
  OptionalShape(std::initializer_list<int64_t> dims) : shape_(Shape(dims)) {}

  bool defined() const { return shape_.has_value(); }
  const Shape& value() const { return shape_.value(); }
  friend bool operator==(const OptionalShape&, const OptionalShape&) = default;

 private:
  std::optional<Shape> shape_;
};

}  // namespace danlu
