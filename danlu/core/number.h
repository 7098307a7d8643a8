#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <variant>

#include "danlu/core/dtype.h"

namespace danlu {

/// What a C++ number may be: bool, an integer, a floating-point or a complex number.
template <class T>
concept ArithmeticScalar = std::is_arithmetic_v<T> || std::is_same_v<T, std::complex<float>> ||
    std::is_same_v<T, std::complex<double>>;

/// A C++ number as it was written. Integers stay whole: 2^53 + 1 reaches an int64 Array.
class Number {
 public:
  template <ArithmeticScalar T>
  Number(T value) : value_(widened(value)), dtype_(dtype_alone(value)) {}

  /// Its dtype where nothing else says one: bool, float32, complex64, or the first of int32, int64
  /// and uint64 that holds it.
  DType dtype() const { return dtype_; }

  /// As an element. Integers saturate at the ends of integer types.
  template <class T>
  T as() const {
    return std::visit([](auto value) { return converted<T>(value); }, value_);
  }

 private:
  using Value = std::variant<double, int64_t, uint64_t, std::complex<double>>;

  template <class T>
  static Value widened(T value) {
    if constexpr (is_complex_type<T>) {
      return std::complex<double>(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<int64_t>(value);
    } else {
      return static_cast<uint64_t>(value);
    }
  }

  template <class T>
  static DType dtype_alone(T value) {
    if constexpr (is_complex_type<T>) {
      return DType::complex64;
    } else if constexpr (std::is_floating_point_v<T>) {
      return DType::float32;
    } else if constexpr (std::is_same_v<T, bool>) {
      return DType::bool_;
    } else {
      if (std::in_range<int32_t>(value)) return DType::int32;
      return std::in_range<int64_t>(value) ? DType::int64 : DType::uint64;
    }
  }

  template <class To, class From>
  static To converted(From value) {
    if constexpr (std::is_integral_v<To> && std::is_integral_v<From> && !std::is_same_v<To, bool>) {
      using Limits = std::numeric_limits<To>;
      if (std::cmp_less(value, Limits::min())) return Limits::min();
      if (std::cmp_greater(value, Limits::max())) return Limits::max();
    }
    return convert_element<To>(value);
  }

  Value value_;
  DType dtype_;
};

}  // namespace danlu
