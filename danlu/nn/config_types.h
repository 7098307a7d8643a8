#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/shape.h"

/// Field types of layer configs: what Keras writes as an int or a tuple, a tuple or None.
namespace danlu {

/// A dimension that is not known yet, as in `Input({kNone, 3})`.
inline constexpr int64_t kNone = Shape::kUnknown;

/// One integer, or a list of them: `3` or `{3, 2}`, as Keras takes for sizes and axes;
/// `std::nullopt` stands for Keras's None where a config allows it.
class Integers {
 public:
  Integers() = default;
  Integers(std::nullopt_t) {}
  Integers(int64_t value) : values_{value}, form_(Form::one) {}
  Integers(std::initializer_list<int64_t> values) : values_(values), form_(Form::list) {}
  explicit Integers(std::vector<int64_t> values) : values_(std::move(values)), form_(Form::list) {}

  bool defined() const { return form_ != Form::none; }
  bool is_list() const { return form_ == Form::list; }
  /// All of them; of a single integer a list of one.
  const std::vector<int64_t>& values() const { return values_; }
  size_t size() const { return values_.size(); }
  int64_t operator[](size_t i) const { return values_[i]; }
  /// "3", "(3, 2)" or "None".
  std::string to_string() const;
  friend bool operator==(const Integers&, const Integers&) = default;

 private:
  enum class Form : uint8_t { none, one, list };
  std::vector<int64_t> values_;
  Form form_ = Form::none;
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

/// The fields that every layer's config ends with, for its visitor.
template <class Config, class V>
void layer_fields(Config& c, V&& v) {
  v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
  v("input_shape", c.input_shape);
}

}  // namespace danlu
