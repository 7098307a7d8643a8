#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "danlu/base/half.h"

namespace danlu {

/// Element type of an Array. The names are those of NumPy and Keras.
enum class DType : uint8_t { float32, float64, bfloat16, int32, int64, uint8, bool_ };

inline constexpr int kNumDTypes = 7;

/// Bytes of one element.
size_t size_of(DType dtype);
/// "float32", "bool", …
std::string_view name(DType dtype);
/// The DType called `name`. Errors: DTypeError when there is none.
DType dtype_from_name(std::string_view name);

inline bool is_floating(DType t) {
  return t == DType::float32 || t == DType::float64 || t == DType::bfloat16;
}
inline bool is_integer(DType t) {
  return t == DType::int32 || t == DType::int64 || t == DType::uint8;
}

/// The dtype of `a op b`. Floating beats integer beats bool; the wider wins inside a class;
/// bfloat16 with float32 gives float32.
DType promote(DType a, DType b);

/// DTypeOf<float>::value == DType::float32, and so on.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<bfloat16> {
  static constexpr DType value = DType::bfloat16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::uint8;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::bool_;
};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

/// `value` as a `To`. Floating to integer truncates, saturates at the ends and makes NaN 0; to
/// bool it is `value != 0`.
template <class To, class From>
To convert_element(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return static_cast<double>(value) != 0.0;
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    const double x = static_cast<double>(value);
    if (x != x) return 0;
    if (x <= static_cast<double>(std::numeric_limits<To>::min())) {
      return std::numeric_limits<To>::min();
    }
    if (x >= static_cast<double>(std::numeric_limits<To>::max())) {
      return std::numeric_limits<To>::max();
    }
    return static_cast<To>(x);
  } else {
    return static_cast<To>(value);
  }
}

/// Calls `f(T{})` with the C++ type that stores `dtype`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float64:
      return f(double{});
    case DType::bfloat16:
      return f(bfloat16{});
    case DType::int32:
      return f(int32_t{});
    case DType::int64:
      return f(int64_t{});
    case DType::uint8:
      return f(uint8_t{});
    case DType::bool_:
      return f(bool{});
    case DType::float32:
      break;
  }
  return f(float{});
}

}  // namespace danlu
