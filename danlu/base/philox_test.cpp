#include "danlu/base/philox.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace danlu {
namespace {

using Block = Philox4x32::Block;

// The three philox4x32-10 vectors of the Random123 distribution (tests/kat_vectors).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox4x32::block({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32::block({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      Philox4x32::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
  static_assert(Philox4x32::block({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
}

TEST(Philox, SeedAndCounterAreLittleEndFirst) {
  EXPECT_EQ(Philox4x32::block(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UnitValuesStayBelowOne) {
  EXPECT_EQ(unit_float(0), 0.f);
  EXPECT_LT(unit_float(0xffffffff), 1.f);
  EXPECT_EQ(unit_float(0x80000000), 0.5f);
  EXPECT_LT(unit_double(0xffffffff, 0xffffffff), 1.0);
  EXPECT_EQ(unit_double(0, 0x80000000), 0.5);
}

TEST(PhiloxStream, RepeatsAndSeparates) {
  PhiloxStream a(7, 1), b(7, 1), c(7, 2), d(8, 1);
  int equal_c = 0, equal_d = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint32_t word = a.next_u32();
    EXPECT_EQ(word, b.next_u32());
    equal_c += word == c.next_u32();
    equal_d += word == d.next_u32();
  }
  EXPECT_LE(equal_c, 1);
  EXPECT_LE(equal_d, 1);
}

TEST(PhiloxStream, DistributionsHaveTheirMoments) {
  PhiloxStream stream(123);
  constexpr int kCount = 200000;
  double sum_u = 0, sum_n = 0, sum_n2 = 0, sum_n4 = 0;
  std::vector<int> histogram(7), histogram32(7);
  for (int i = 0; i < kCount; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum_u += u;
    const double n = stream.normal();
    ASSERT_TRUE(std::isfinite(n));
    sum_n += n;
    sum_n2 += n * n;
    sum_n4 += n * n * n * n;
    const uint64_t k = stream.below(7);
    ASSERT_LT(k, 7u);
    ++histogram[k];
    const uint32_t k32 = stream.below32(7);
    ASSERT_LT(k32, 7u);
    ++histogram32[k32];
  }
  // Five standard errors each.
  EXPECT_NEAR(sum_u / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(sum_n / kCount, 0.0, 5 * std::sqrt(1.0 / kCount));
  EXPECT_NEAR(sum_n2 / kCount, 1.0, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(sum_n4 / kCount, 3.0, 5 * std::sqrt(96.0 / kCount));
  for (const auto& counts : {histogram, histogram32}) {
    for (int count : counts) EXPECT_NEAR(count, kCount / 7.0, 5 * std::sqrt(kCount / 7.0));
  }
  // A bound far above 2^31 has many words to reject.
  for (int i = 0; i < 1000; ++i) ASSERT_LT(stream.below32(0xC0000001u), 0xC0000001u);
}

}  // namespace
}  // namespace danlu
