#include "danlu/base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace danlu {
namespace {

/// The value that IEEE 754 gives to the bits of a binary16.
double value_of(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : std::nan("");
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

float16 of_bits(uint32_t bits) {
  float16 half;
  half.bits = static_cast<uint16_t>(bits);
  return half;
}

TEST(Float16, EveryValueGoesToFloatAndBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float16 half = of_bits(bits);
    const double expected = value_of(half.bits);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(half)));
      EXPECT_TRUE(std::isnan(static_cast<float>(float16(static_cast<float>(half)))));
      EXPECT_TRUE(std::isnan(static_cast<float>(float16(std::nan("")))));
      continue;
    }
    ASSERT_EQ(static_cast<float>(half), expected) << bits;
    ASSERT_EQ(float16(static_cast<float>(half)).bits, bits);
    ASSERT_EQ(float16(static_cast<double>(half)).bits, bits);
  }
}

TEST(Float16, RoundsToNearestEvenFromFloatAndOnceFromDouble) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const double low = value_of(static_cast<uint16_t>(bits));
    const double high = value_of(static_cast<uint16_t>(bits + 1));
    const double middle = (low + high) / 2;
    const uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(float16(middle).bits, even);
    ASSERT_EQ(float16(static_cast<float>(middle)).bits, even);
    // Float cannot tell these from the middle.
    ASSERT_EQ(float16(std::nextafter(middle, low)).bits, bits);
    ASSERT_EQ(float16(std::nextafter(middle, high)).bits, bits + 1);
    ASSERT_EQ(float16(-std::nextafter(middle, high)).bits, 0x8000 | (bits + 1));
    ASSERT_EQ(float16(std::nextafter(static_cast<float>(middle), 0.0f)).bits, bits);
  }
  EXPECT_EQ(float16(65519.9).bits, 0x7bff);
  EXPECT_EQ(float16(65520.0).bits, 0x7c00);
  EXPECT_EQ(float16(65520.0f).bits, 0x7c00);
  EXPECT_EQ(float16(-1e300).bits, 0xfc00);
  EXPECT_EQ(float16(1e-300).bits, 0);
  EXPECT_EQ(float16(-1e-30f).bits, 0x8000);
  EXPECT_EQ(float16(int64_t{2049}).bits, float16(2048.0f).bits);
  EXPECT_EQ(float16(std::numeric_limits<uint64_t>::max()).bits, 0x7c00);
}

}  // namespace
}  // namespace danlu
