#include "danlu/base/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace danlu {
namespace {

TEST(NumberText, IsShortAndExact) {
  EXPECT_EQ(number_text(1.5), "1.5");
  EXPECT_EQ(number_text(-0.1), "-0.1");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(-1e-9), "-1e-09");
  EXPECT_EQ(number_text(1e300), "1e+300");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::denorm_min()), "-5e-324");
  EXPECT_EQ(number_text(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "-inf");
}

}  // namespace
}  // namespace danlu
