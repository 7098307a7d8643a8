#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "danlu/base/half.h"

namespace danlu {

using complex64 = std::complex<float>;

/// Element type of an Array. The names are those of NumPy and Keras.
enum class DType : uint8_t {
  float32,
  float64,
  bfloat16,
  int32,
  int64,
  uint8,
  bool_,
  float16,
  complex64,
  int8,
  int16,
  uint16,
  uint32,
  uint64,
};

inline constexpr int kNumDTypes = 14;

/// Bytes of one element.
size_t size_of(DType dtype);
/// "float32", "bool", …
std::string_view name(DType dtype);
/// The DType called `name`. Errors: DTypeError when there is none.
DType dtype_from_name(std::string_view name);

inline bool is_floating(DType t) {
  return t == DType::float32 || t == DType::float64 || t == DType::bfloat16 || t == DType::float16;
}
inline bool is_complex(DType t) { return t == DType::complex64; }
/// Floating or complex: what has derivatives.
inline bool is_inexact(DType t) { return is_floating(t) || is_complex(t); }
inline bool is_integer(DType t) { return !is_inexact(t) && t != DType::bool_; }
inline bool is_unsigned(DType t) {
  return t == DType::uint8 || t == DType::uint16 || t == DType::uint32 || t == DType::uint64;
}

/// The dtype of `a op b`: that of `keras.backend.result_type`; docs/dtypes.md has the table.
/// Complex beats floating beats integer beats bool, whatever their widths; two floating ones give
/// the smallest that holds both (float16 with bfloat16 gives float32), and so do two integers
/// (int8 with uint8 gives int16); nothing holds uint64 and a signed integer: they give float32.
DType promote(DType a, DType b);
/// The dtype of `array op number`, where `number` is the dtype that a bare C++ number has alone. An
/// integer takes the dtype of any Array but bool, a floating-point number that of any floating or
/// complex one; else it is float32.
DType promote_number(DType array, DType number);

/// DTypeOf<float>::value == DType::float32, and so on.
template <class T>
struct DTypeOf;
template <DType D>
struct DTypeConstant {
  static constexpr DType value = D;
};
template <>
struct DTypeOf<float> : DTypeConstant<DType::float32> {};
template <>
struct DTypeOf<double> : DTypeConstant<DType::float64> {};
template <>
struct DTypeOf<bfloat16> : DTypeConstant<DType::bfloat16> {};
template <>
struct DTypeOf<float16> : DTypeConstant<DType::float16> {};
template <>
struct DTypeOf<complex64> : DTypeConstant<DType::complex64> {};
template <>
struct DTypeOf<int8_t> : DTypeConstant<DType::int8> {};
template <>
struct DTypeOf<int16_t> : DTypeConstant<DType::int16> {};
template <>
struct DTypeOf<int32_t> : DTypeConstant<DType::int32> {};
template <>
struct DTypeOf<int64_t> : DTypeConstant<DType::int64> {};
template <>
struct DTypeOf<uint8_t> : DTypeConstant<DType::uint8> {};
template <>
struct DTypeOf<uint16_t> : DTypeConstant<DType::uint16> {};
template <>
struct DTypeOf<uint32_t> : DTypeConstant<DType::uint32> {};
template <>
struct DTypeOf<uint64_t> : DTypeConstant<DType::uint64> {};
template <>
struct DTypeOf<bool> : DTypeConstant<DType::bool_> {};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

template <class T>
inline constexpr bool is_complex_type = false;
template <class T>
inline constexpr bool is_complex_type<std::complex<T>> = true;

/// `value` as a `To`. Floating to integer truncates, saturates at the ends and makes NaN 0; integer
/// to integer keeps the low bits; complex to real drops the imaginary part; to bool it is
/// `value != 0`.
template <class To, class From>
To convert_element(From value) {
  if constexpr (is_complex_type<From> && is_complex_type<To>) {
    return static_cast<To>(value);
  } else if constexpr (is_complex_type<From> && std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (is_complex_type<From>) {
    return convert_element<To>(value.real());
  } else if constexpr (is_complex_type<To>) {
    return To(static_cast<typename To::value_type>(value), 0);
  } else if constexpr (std::is_same_v<To, bool>) {
    if constexpr (std::is_integral_v<From>) return value != 0;
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

/// `count` elements of dtype `from_dtype`, converted one by one by `convert_element`. `to` may be
/// `from` where the elements have one size.
void convert_elements(const void* from, DType from_dtype, void* to, DType to_dtype, size_t count);

/// Calls `f(T{})` with the C++ type that stores the floating dtype `dtype`. Each type is code of
/// its own, so a kernel dispatches over the fewest that it needs.
template <class F>
decltype(auto) dispatch_float(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float64:
      return f(double{});
    case DType::bfloat16:
      return f(bfloat16{});
    case DType::float16:
      return f(float16{});
    default:
      return f(float{});
  }
}

/// The same for float32 and float64 alone, for code that computes in the dtype itself.
template <class F>
decltype(auto) dispatch_native(DType dtype, F&& f) {
  if (dtype == DType::float64) return f(double{});
  return f(float{});
}

/// The same for integers.
template <class F>
decltype(auto) dispatch_integer(DType dtype, F&& f) {
  switch (dtype) {
    case DType::int8:
      return f(int8_t{});
    case DType::int16:
      return f(int16_t{});
    case DType::int32:
      return f(int32_t{});
    case DType::uint8:
      return f(uint8_t{});
    case DType::uint16:
      return f(uint16_t{});
    case DType::uint32:
      return f(uint32_t{});
    case DType::uint64:
      return f(uint64_t{});
    default:
      return f(int64_t{});
  }
}

/// The same for everything but complex64.
template <class F>
decltype(auto) dispatch_real(DType dtype, F&& f) {
  if (is_floating(dtype)) return dispatch_float(dtype, f);
  if (dtype == DType::bool_) return f(bool{});
  return dispatch_integer(dtype, f);
}

/// The same for every dtype.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  if (is_complex(dtype)) return f(complex64{});
  return dispatch_real(dtype, f);
}

}  // namespace danlu
