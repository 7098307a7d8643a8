#include "danlu/backends/cpu/ref/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/random/random_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::run;

std::vector<double> draw(const OpDef& op, int64_t count, double a, double b,
                         DType dtype = DType::float32, int threads = 1, double counter = 0,
                         double seed = 1) {
  const Call call{.op = &op,
                  .attrs = make_attrs(RandomAttrs{Shape{count}, dtype, a, b}),
                  .inputs = {{Shape{2}, DType::int64}},
                  .values = {{seed, counter}}};
  return run(call, "ref", threads)[0];
}

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double deviation(const std::vector<double>& x) {
  const double m = mean(x);
  double sum = 0;
  for (double v : x) sum += (v - m) * (v - m);
  return std::sqrt(sum / static_cast<double>(x.size()));
}

constexpr int64_t kMany = 100'000;

TEST(RandomReference, DependsOnSeedAndCounterButNotOnThreadsOrLength) {
  for (const OpDef* op : {&random_uniform_op(), &random_normal_op(), &random_truncated_normal_op(),
                          &random_bernoulli_op()}) {
    SCOPED_TRACE(op->name);
    for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
      const auto numbers = draw(*op, 9999, 0.25, 1, dtype);
      EXPECT_EQ(numbers, draw(*op, 9999, 0.25, 1, dtype, 2));
      EXPECT_EQ(numbers, draw(*op, 9999, 0.25, 1, dtype, 5));
      EXPECT_NE(numbers, draw(*op, 9999, 0.25, 1, dtype, 1, 1));
      EXPECT_NE(numbers, draw(*op, 9999, 0.25, 1, dtype, 1, 0, 2));
      auto shorter = numbers;
      shorter.resize(1237);
      EXPECT_EQ(shorter, draw(*op, 1237, 0.25, 1, dtype));
    }
  }
}

TEST(RandomReference, UniformFillsItsHalfOpenRange) {
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
    const auto x = draw(random_uniform_op(), kMany, -1, 3, dtype);
    EXPECT_GE(*std::min_element(x.begin(), x.end()), -1);
    EXPECT_LT(*std::max_element(x.begin(), x.end()), 3);
    EXPECT_NEAR(mean(x), 1, 0.02);
    EXPECT_NEAR(deviation(x), 4 / std::sqrt(12), 0.02);
  }
  // A range of two floats: rounding must not reach the open end.
  const auto narrow = draw(random_uniform_op(), 1000, 1, 1 + 0x1p-23);
  EXPECT_EQ(*std::max_element(narrow.begin(), narrow.end()), 1);
}

TEST(RandomReference, NormalHasItsMomentsAndTails) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const auto x = draw(random_normal_op(), kMany, 2, 3, dtype);
    EXPECT_NEAR(mean(x), 2, 0.04);
    EXPECT_NEAR(deviation(x), 3, 0.04);
    const auto beyond = std::count_if(x.begin(), x.end(), [](double v) { return v > 2 + 6; });
    EXPECT_NEAR(static_cast<double>(beyond) / kMany, 0.02275, 0.002);
  }
}

TEST(RandomReference, TruncatedNormalStaysWithinTwoDeviations) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const auto x = draw(random_truncated_normal_op(), kMany, 1, 0.5, dtype);
    EXPECT_GE(*std::min_element(x.begin(), x.end()), 0);
    EXPECT_LE(*std::max_element(x.begin(), x.end()), 2);
    EXPECT_NEAR(mean(x), 1, 0.01);
    EXPECT_NEAR(deviation(x), 0.5 * 0.87963, 0.01);  // of a standard normal cut at ±2
  }
}

TEST(RandomReference, BernoulliHitsItsProbability) {
  EXPECT_NEAR(mean(draw(random_bernoulli_op(), kMany, 0.3, 1)), 0.3, 0.006);
  EXPECT_EQ(mean(draw(random_bernoulli_op(), 1000, 0, 1)), 0);
  EXPECT_EQ(mean(draw(random_bernoulli_op(), 1000, 1, 1)), 1);
}

TEST(RandomReference, PermutationHoldsEveryIndexOnce) {
  auto x = draw(random_permutation_op(), 1000, 0, 1, DType::int64);
  EXPECT_NE(x, draw(random_permutation_op(), 1000, 0, 1, DType::int64, 1, 5));
  EXPECT_FALSE(std::is_sorted(x.begin(), x.end()));
  std::sort(x.begin(), x.end());
  for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], static_cast<double>(i));
}

}  // namespace
}  // namespace danlu::cpu
