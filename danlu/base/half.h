#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace danlu {

/// bfloat16: the upper half of a float32. Rounds to nearest even; NaN stays NaN.
struct bfloat16 {
  uint16_t bits = 0;

  bfloat16() = default;
  explicit bfloat16(float value) {
    const auto word = std::bit_cast<uint32_t>(value);
    if (std::isnan(value)) {
      bits = static_cast<uint16_t>((word >> 16) | 0x40u);
    } else {
      bits = static_cast<uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
    }
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  explicit bfloat16(T value) : bfloat16(static_cast<float>(value)) {}

  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

}  // namespace danlu
