#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "danlu/base/thread.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"
#include "tests/names/prove.h"

/// Draws have no numbers to compare with: their distributions are tested instead, with fixed seeds.
namespace danlu::names {
namespace {

constexpr int64_t kCount = 40'000;

Array state(int64_t seed) { return SeedGenerator(seed).next(); }

/// √n times the greatest distance between the distribution of `x` and `cdf`; above 1.95 in one of
/// a thousand cases (Kolmogorov).
double kolmogorov(const Array& x, const std::function<double(double)>& cdf) {
  auto values = x.to_vector<double>();
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    distance =
        std::max({distance, (static_cast<double>(i) + 1) / n - p, p - static_cast<double>(i) / n});
  }
  return distance * std::sqrt(n);
}

/// Mean and variance within five standard errors, given the fourth central moment.
void expect_moments(const Array& x, double mean, double variance, double fourth) {
  const auto values = x.to_vector<double>();
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (double v : values) sum += v, squares += (v - mean) * (v - mean);
  EXPECT_NEAR(sum / n, mean, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * std::sqrt((fourth - variance * variance) / n));
}

/// The χ² of whole numbers in [0, probabilities.size()), in standard deviations above its mean.
double chi_squared(const Array& x, const std::vector<double>& probabilities) {
  std::vector<double> counts(probabilities.size(), 0);
  for (double v : x.to_vector<double>()) counts.at(static_cast<size_t>(v)) += 1;
  const auto n = static_cast<double>(x.size());
  double sum = 0, classes = -1, rest_count = 0, rest = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    rest_count += counts[i];
    rest += probabilities[i] * n;
    if (rest < 8 && i + 1 < counts.size()) continue;
    if (rest > 0) sum += (rest_count - rest) * (rest_count - rest) / rest, ++classes;
    rest_count = rest = 0;
  }
  return (sum - classes) / std::sqrt(2 * classes);
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

std::vector<double> binomial_probabilities(int n, double p) {
  std::vector<double> list;
  for (int k = 0; k <= n; ++k) {
    list.push_back(std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) +
                            k * std::log(p) + (n - k) * std::log1p(-p)));
  }
  return list;
}

void check_uniform() {
  const Array x = random::uniform(state(1), {kCount}, -1, 3);
  EXPECT_LT(kolmogorov(x, [](double v) { return (v + 1) / 4; }), 1.95);
  expect_moments(x, 1, 16.0 / 12, 256.0 / 80);
}

void check_normal() {
  const Array x = random::normal(state(2), {kCount}, 2, 3);
  EXPECT_LT(kolmogorov(x, [](double v) { return normal_cdf((v - 2) / 3); }), 1.95);
  expect_moments(x, 2, 9, 3 * 81);
}

void check_truncated_normal() {
  const Array x = random::truncated_normal(state(3), {kCount});
  const double mass = normal_cdf(2) - normal_cdf(-2);
  EXPECT_LT(kolmogorov(x, [&](double v) { return (normal_cdf(v) - normal_cdf(-2)) / mass; }), 1.95);
  for (double v : x.to_vector<double>()) ASSERT_LE(std::abs(v), 2);
}

void check_randint() {
  const Array x = random::randint(state(4), {kCount}, -3, 9);
  EXPECT_EQ(x.dtype(), DType::int32);
  EXPECT_LT(std::abs(chi_squared(x + 3, std::vector<double>(12, 1.0 / 12))), 5);
  const Array wide =
      random::randint(state(4), {kCount}, -5'000'000'000, 5'000'000'000, DType::int64);
  EXPECT_LT(kolmogorov(wide, [](double v) { return (v + 5e9) / 1e10; }), 1.95);
}

void check_binomial() {
  for (const auto& [n, p] : {std::pair{10, 0.3}, {100, 0.4}, {50, 0.93}, {1000, 0.002}}) {
    const Array x = random::binomial(state(5), {kCount}, n, p);
    EXPECT_LT(std::abs(chi_squared(x, binomial_probabilities(n, p))), 5) << n << ", " << p;
  }
  const Array edges =
      random::binomial(state(5), {3}, Array({7.f, 7.f, -1.f}), Array({0.f, 1.f, 0.5f}));
  EXPECT_EQ(edges.to_vector()[0], 0);
  EXPECT_EQ(edges.to_vector()[1], 7);
  EXPECT_TRUE(std::isnan(edges.to_vector()[2]));
}

void check_gamma() {
  const auto draw = [](double alpha) { return random::gamma(state(6), {kCount}, alpha); };
  EXPECT_LT(kolmogorov(draw(0.5), [](double v) { return std::erf(std::sqrt(v)); }), 1.95);
  EXPECT_LT(kolmogorov(draw(1), [](double v) { return 1 - std::exp(-v); }), 1.95);
  EXPECT_LT(kolmogorov(draw(3), [](double v) { return 1 - std::exp(-v) * (1 + v + v * v / 2); }),
            1.95);
  expect_moments(draw(40), 40, 40, 3 * 1600 + 6 * 40);
}

void check_beta() {
  const auto draw = [](double a, double b) {
    return random::beta(state(7), {kCount}, a, b, DType::float64);
  };
  EXPECT_LT(kolmogorov(draw(1, 1), [](double v) { return v; }), 1.95);
  EXPECT_LT(kolmogorov(draw(2.5, 1), [](double v) { return std::pow(v, 2.5); }), 1.95);
  EXPECT_LT(kolmogorov(draw(1, 0.2), [](double v) { return 1 - std::pow(1 - v, 0.2); }), 1.95);
  EXPECT_LT(kolmogorov(draw(2, 2), [](double v) { return v * v * (3 - 2 * v); }), 1.95);
  // Parameters so small that gamma variates vanish.
  for (double v : draw(1e-4, 1e-4).to_vector<double>()) ASSERT_TRUE(v >= 0 && v <= 1);
}

void check_categorical() {
  const Array logits = log(Array(std::vector<float>{1, 2, 3, 4, 5, 0, 5, 0}, {2, 4}));
  const Array x = random::categorical(state(8), logits, kCount);
  EXPECT_EQ(x.shape(), (Shape{2, kCount}));
  EXPECT_EQ(x.dtype(), DType::int32);
  EXPECT_LT(std::abs(chi_squared(slice(x, {0}, {1}), {0.1, 0.2, 0.3, 0.4})), 5);
  EXPECT_LT(std::abs(chi_squared(slice(x, {1}, {2}), {0.5, 0, 0.5, 0})), 5);
}

void check_dropout() {
  const Array x = random::dropout(state(9), ones({kCount}), 0.25);
  std::vector<double> probabilities = {0.25, 0.75};
  EXPECT_LT(std::abs(chi_squared(x * 0.75, probabilities)), 5);
  const Array rows = random::dropout(state(9), ones({50, 4}), 0.5, Shape{50, 1});
  const auto values = rows.to_vector();
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], values[i / 4 * 4]);
}

void check_shuffle() {
  const Array x = random::shuffle(state(10), arange(0, 1000));
  auto values = x.to_vector<int>();
  EXPECT_FALSE(std::is_sorted(values.begin(), values.end()));
  std::sort(values.begin(), values.end());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(values[static_cast<size_t>(i)], i);
  const Array columns = random::shuffle(state(10), reshape(arange(0, 6), {2, 3}), 1);
  const auto c = columns.to_vector<int>();
  for (size_t i = 0; i < 3; ++i) ASSERT_EQ(c[i] + 3, c[i + 3]);
}

/// The same numbers with one thread and with three, and others with another counter.
void check_seed_generator() {
  const auto draws = [] {
    SeedGenerator generator(11);
    std::vector<Array> all = {random::gamma(generator.next(), {5000}, 0.7),
                              random::binomial(generator.next(), {5000}, 60, 0.4),
                              random::randint(generator.next(), {5000}, 0, 1 << 30),
                              random::uniform(generator.next(), {5000})};
    std::vector<std::vector<double>> values;
    for (const Array& x : all) values.push_back(x.to_vector<double>());
    return values;
  };
  const int before = num_threads();
  set_num_threads(1);
  const auto alone = draws();
  set_num_threads(3);
  const auto together = draws();
  set_num_threads(before);
  EXPECT_EQ(alone, together);
  SeedGenerator generator(11);
  const auto first = random::uniform(generator.next(), {100}).to_vector();
  EXPECT_NE(first, random::uniform(generator.next(), {100}).to_vector());
}

const std::vector<Property> kProperties = {
    {"uniform", check_uniform},
    {"normal", check_normal},
    {"truncated_normal", check_truncated_normal},
    {"randint", check_randint},
    {"binomial", check_binomial},
    {"gamma", check_gamma},
    {"beta", check_beta},
    {"categorical", check_categorical},
    {"dropout", check_dropout},
    {"shuffle", check_shuffle},
};

TEST(Names, Random) { prove("random", {}, kProperties); }

TEST(Names, SeedGenerator) { check_seed_generator(); }

}  // namespace
}  // namespace danlu::names
