#include "danlu/core/dtype.h"

#include <algorithm>
#include <array>
#include <string>

#include "danlu/base/error.h"

namespace danlu {
namespace {

struct DTypeInfo {
  std::string_view name;
  size_t size;
};

// In the order of DType.
constexpr std::array<DTypeInfo, kNumDTypes> kDTypes = {{
    {"float32", 4},
    {"float64", 8},
    {"bfloat16", 2},
    {"int32", 4},
    {"int64", 8},
    {"uint8", 1},
    {"bool", 1},
    {"float16", 2},
    {"complex64", 8},
    {"int8", 1},
    {"int16", 2},
    {"uint16", 2},
    {"uint32", 4},
    {"uint64", 8},
}};
static_assert(kDTypes.back().name == "uint64");

const DTypeInfo& info(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

DType promote_floating(DType a, DType b) {
  if (a == b) return a;
  return a == DType::float64 || b == DType::float64 ? DType::float64 : DType::float32;
}

DType signed_of_size(size_t bytes) {
  return bytes == 1   ? DType::int8
         : bytes == 2 ? DType::int16
         : bytes == 4 ? DType::int32
                      : DType::int64;
}

DType promote_integers(DType a, DType b) {
  if (is_unsigned(a) == is_unsigned(b)) return size_of(a) >= size_of(b) ? a : b;
  const size_t unsigned_size = size_of(is_unsigned(a) ? a : b);
  if (unsigned_size == 8) return DType::float32;
  return signed_of_size(std::max(size_of(is_unsigned(a) ? b : a), 2 * unsigned_size));
}

/// What elements pass through on their way to another dtype, without loss.
template <class T>
struct WideType {
  using Type = double;
};
template <class T>
requires std::is_integral_v<T>
struct WideType<T> {
  using Type = std::conditional_t<std::is_same_v<T, uint64_t>, uint64_t, int64_t>;
};
template <>
struct WideType<complex64> {
  using Type = complex64;
};

constexpr size_t kBlock = 256;

template <class Wide>
void store(const Wide* from, size_t count, void* to, DType dtype, size_t offset) {
  dispatch(dtype, [&](auto tag) {
    using To = decltype(tag);
    std::transform(from, from + count, static_cast<To*>(to) + offset, convert_element<To, Wide>);
  });
}

}  // namespace

size_t size_of(DType dtype) { return info(dtype).size; }

std::string_view name(DType dtype) { return info(dtype).name; }

DType dtype_from_name(std::string_view name) {
  for (size_t i = 0; i < kDTypes.size(); ++i) {
    if (kDTypes[i].name == name) return static_cast<DType>(i);
  }
  std::string names;
  for (size_t i = 0; i < kDTypes.size(); ++i) {
    names += (i == 0 ? "" : i + 1 == kDTypes.size() ? " or " : ", ") + std::string(kDTypes[i].name);
  }
  throw DTypeError({.where = "dtype",
                    .what = "There is no such dtype",
                    .expected = names,
                    .received = "'" + std::string(name) + "'"});
}

DType promote(DType a, DType b) {
  if (is_complex(a) || is_complex(b)) return DType::complex64;
  if (is_floating(a) && is_floating(b)) return promote_floating(a, b);
  if (is_floating(a) || is_floating(b)) return is_floating(a) ? a : b;
  if (a == DType::bool_) return b;
  if (b == DType::bool_) return a;
  return promote_integers(a, b);
}

DType promote_number(DType array, DType number) {
  if (is_floating(number)) return is_inexact(array) ? array : DType::float32;
  if (is_integer(number)) return array == DType::bool_ ? number : array;
  return promote(array, number);
}

void convert_elements(const void* from, DType from_dtype, void* to, DType to_dtype, size_t count) {
  dispatch(from_dtype, [&](auto tag) {
    using From = decltype(tag);
    using Wide = typename WideType<From>::Type;
    std::array<Wide, kBlock> wide;
    for (size_t begin = 0; begin < count; begin += kBlock) {
      const size_t n = std::min(kBlock, count - begin);
      const From* source = static_cast<const From*>(from) + begin;
      std::transform(source, source + n, wide.begin(), [](From x) { return static_cast<Wide>(x); });
      store(wide.data(), n, to, to_dtype, begin);
    }
  });
}

}  // namespace danlu
