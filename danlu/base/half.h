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

/// IEEE 754 binary16. Rounds to nearest even, also from double (once, not through float); NaN stays
/// NaN; above 65504 + 16 it is infinite.
struct float16 {
  uint16_t bits = 0;

  float16() = default;
  explicit float16(float value) {
    const auto word = std::bit_cast<uint32_t>(value);
    const uint32_t magnitude = word & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u) {
      half = 0x7e00u | ((magnitude >> 13) & 0x1ffu);
    } else if (magnitude >= 0x47800000u) {  // 2^16
      half = 0x7c00u;
    } else if (magnitude < 0x38800000u) {  // 2^-14
      // The sum with 1/2 has its last bit where the last bit of a subnormal half stands.
      half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
    } else {
      half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    }
    bits = static_cast<uint16_t>((word >> 16 & 0x8000u) | half);
  }
  explicit float16(double value) : float16(rounded_to_odd(value)) {}
  template <class T>
  requires std::is_integral_v<T>
  explicit float16(T value) : float16(static_cast<double>(value)) {}

  operator float() const {
    const uint32_t exponent = bits & 0x7c00u;
    uint32_t word = static_cast<uint32_t>(bits & 0x7fffu) << 13;
    if (exponent == 0x7c00u) {
      word += 0x70000000u;
    } else if (exponent == 0) {
      const float unscaled = std::bit_cast<float>(word + 0x38800000u);
      word = std::bit_cast<uint32_t>(unscaled - 0x1p-14f);
    } else {
      word += 0x38000000u;
    }
    return std::bit_cast<float>(word | static_cast<uint32_t>(bits & 0x8000u) << 16);
  }

 private:
  /// The float towards 0, its last bit set if anything was lost: rounding that again is rounding
  /// `value` once.
  static float rounded_to_odd(double value) {
    const auto nearest = static_cast<float>(value);
    if (static_cast<double>(nearest) == value || std::isnan(value)) return nearest;
    auto word = std::bit_cast<uint32_t>(nearest);
    if (std::fabs(static_cast<double>(nearest)) > std::fabs(value)) --word;
    return std::bit_cast<float>(word | 1u);
  }
};

}  // namespace danlu
