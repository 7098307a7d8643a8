#include "danlu/core/dtype.h"

#include <array>
#include <string>

#include "danlu/base/error.h"

namespace danlu {
namespace {

constexpr std::array<std::string_view, kNumDTypes> kNames = {
    "float32", "float64", "bfloat16", "int32", "int64", "uint8", "bool"};
constexpr std::array<size_t, kNumDTypes> kSizes = {4, 8, 2, 4, 8, 1, 1};

int rank_in_class(DType t) {
  switch (t) {
    case DType::bool_:
      return 0;
    case DType::uint8:
      return 1;
    case DType::int32:
      return 2;
    case DType::int64:
      return 3;
    case DType::bfloat16:
      return 4;
    case DType::float32:
      return 5;
    case DType::float64:
      return 6;
  }
  return 0;
}

}  // namespace

size_t size_of(DType dtype) { return kSizes[static_cast<size_t>(dtype)]; }

std::string_view name(DType dtype) { return kNames[static_cast<size_t>(dtype)]; }

DType dtype_from_name(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<DType>(i);
  }
  throw DTypeError({.where = "dtype",
                    .what = "There is no such dtype",
                    .expected = "float32, float64, bfloat16, int32, int64, uint8 or bool",
                    .received = "'" + std::string(name) + "'"});
}

DType promote(DType a, DType b) { return rank_in_class(a) >= rank_in_class(b) ? a : b; }

}  // namespace danlu
