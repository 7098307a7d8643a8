// Numbers below the normal range: an optimizer's slots get there within a thousand steps.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/danlu.h"

namespace danlu {
namespace {

constexpr float kSmallest = std::numeric_limits<float>::min();

TEST(Denormals, AreNotProducedOnAnyThread) {
  const int before = num_threads();
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    Array x = full({1 << 20}, kSmallest);
    for (int i = 0; i < 4; ++i) x = x * 0.5f;
    const auto values = x.to_vector<float>();
    EXPECT_EQ(std::count(values.begin(), values.end(), 0.0f), std::ssize(values));
  }
  set_num_threads(before);
}

TEST(Denormals, KeepTheirValueAsInputs) {
  const Array x = full({4}, kSmallest / 4);
  EXPECT_EQ((x * 8.0f).to_vector<float>()[0], 2 * kSmallest);
}

TEST(Denormals, AreTheCallersOwnAffairOutsideOfPlans) {
  (void)(full({4}, kSmallest) * 0.5f).to_vector<float>();
  volatile float x = kSmallest;
  EXPECT_GT(x * 0.5f, 0.0f);
}

}  // namespace
}  // namespace danlu
