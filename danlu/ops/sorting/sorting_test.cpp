#include "danlu/ops/sorting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using testing::ElementsAre;

TEST(Sorting, KeepsTheSignsOfZerosWhateverElseThereIs) {
  for (const float odd : {1.0f, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values(100);
    for (size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? -0.0f : 0.0f;
    values[50] = odd;
    const auto sorted = sort(Array(values)).to_vector();
    for (size_t i = 0; i < 99; ++i) {
      ASSERT_EQ(sorted[i], 0);
      ASSERT_EQ(std::signbit(sorted[i]), i < 34) << i;
    }
  }
}

TEST(Sorting, AxesAndOrders) {
  const Array x({3.f, 1.f, 2.f, 0.f, 5.f, 4.f});
  const Array m = reshape(x, {2, 3});
  EXPECT_THAT(sort(m).to_vector(), ElementsAre(1, 2, 3, 0, 4, 5));
  EXPECT_THAT(sort(m, 0).to_vector(), ElementsAre(0, 1, 2, 3, 5, 4));
  EXPECT_THAT(argsort(m).to_vector<int>(), ElementsAre(1, 2, 0, 0, 2, 1));
  EXPECT_EQ(argsort(m).dtype(), DType::int32);
  EXPECT_THAT(argpartition(m, 1).to_vector<int>(), ElementsAre(1, 2, 0, 0, 2, 1));
}

TEST(Sorting, EqualElementsKeepTheirOrder) {
  const Array zeros_of_both_signs({0.f, -0.f, -1.f, 0.f, -0.f});
  EXPECT_THAT(argsort(zeros_of_both_signs).to_vector<int>(), ElementsAre(2, 0, 1, 3, 4));
  const auto sorted = sort(zeros_of_both_signs).to_vector();
  EXPECT_TRUE(std::signbit(sorted[1]) && std::signbit(sorted[2]) && !std::signbit(sorted[3]));
}

TEST(Sorting, LongRowsInPartsAreTheSame) {
  std::vector<float> values(100'003);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i * 7919 % 50'021) - 20'000.0f;
  }
  auto expected = values;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(sort(Array(values)).to_vector(), expected);
  const auto order = argsort(Array(values)).to_vector<int32_t>();
  for (size_t i = 0; i < order.size(); ++i) {
    const auto at = static_cast<size_t>(order[i]);
    ASSERT_EQ(values[at], expected[i]);
    if (i > 0 && expected[i] == expected[i - 1]) ASSERT_LT(order[i - 1], order[i]);
  }
}

TEST(Sorting, TopK) {
  const Array x = reshape(Array({1.f, 5.f, 3.f, 5.f, NAN, 0.f, 7.f, 7.f}), {2, 4});
  const auto [values, indices] = top_k(x, 2);
  EXPECT_THAT(indices.to_vector<int>(), ElementsAre(1, 3, 0, 2));
  EXPECT_TRUE(std::isnan(values.to_vector()[2]));
  EXPECT_THROW(top_k(x, 5), ShapeError);
  const Array targets({1, 3});
  EXPECT_THAT(in_top_k(targets, x, 1).to_vector<int>(), ElementsAre(1, 1));
  EXPECT_THAT(in_top_k(Array({2, 1}), x, 2).to_vector<int>(), ElementsAre(0, 0));
}

TEST(Sorting, SearchingAndCounting) {
  const Array edges({1.f, 2.f, 2.f, 4.f});
  EXPECT_THAT(searchsorted(edges, Array({0.f, 2.f, 3.f, 9.f})).to_vector<int>(),
              ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(searchsorted(edges, Array({0.f, 2.f, 3.f, 9.f}), "right").to_vector<int>(),
              ElementsAre(0, 3, 3, 4));
  EXPECT_THAT(digitize(Array({0.2f, 6.4f, 3.0f, 1.6f}), Array({0.f, 1.f, 2.5f, 4.f, 10.f}))
                  .to_vector<int>(),
              ElementsAre(1, 4, 3, 2));
  EXPECT_THROW(searchsorted(edges, edges, "middle"), ValueError);
}

TEST(Sorting, Bincount) {
  EXPECT_THAT(bincount(Array({1, 1, 3, 2, 1, 7})).to_vector<int>(),
              ElementsAre(0, 3, 1, 1, 0, 0, 0, 1));
  const Array rows = reshape(Array({0, 1, 1, 2, 2, 2}), {2, 3});
  EXPECT_THAT(bincount(rows, {.minlength = 4}).to_vector<int>(),
              ElementsAre(1, 2, 0, 0, 0, 0, 3, 0));
  const Array weights = reshape(Array({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}), {2, 3});
  EXPECT_THAT(bincount(rows, {.weights = weights}).to_vector(), ElementsAre(1, 5, 0, 0, 0, 15));
  EXPECT_THROW(bincount(Array({1, -1})), ValueError);
  EXPECT_THROW(bincount(rows, {.length = 2}).eval(), ValueError);
  EXPECT_THROW(bincount(Array({-1}), {.length = 2}).eval(), ValueError);
}

TEST(Sorting, Histogram) {
  const auto [counts, edges] = histogram(Array({1.f, 2.f, 1.f, 4.f, 2.5f}), {.bins = 3});
  EXPECT_THAT(counts.to_vector<int>(), ElementsAre(2, 2, 1));
  EXPECT_THAT(edges.to_vector(), ElementsAre(1, 2, 3, 4));
  const auto inside = histogram(Array({-1, 0, 1, 2, 3}), {.bins = 2, .range = {{0.0, 2.0}}}).first;
  EXPECT_THAT(inside.to_vector<int>(), ElementsAre(1, 2));
}

TEST(Sorting, Unique) {
  const Array x({3, 1, 2, 1, 3, 2});
  const UniqueResult all = unique(x);
  EXPECT_THAT(all.values.to_vector<int>(), ElementsAre(1, 2, 3));
  EXPECT_THAT(all.index.to_vector<int>(), ElementsAre(1, 2, 0));
  EXPECT_THAT(all.inverse.to_vector<int>(), ElementsAre(2, 0, 1, 0, 2, 1));
  EXPECT_THAT(all.counts.to_vector<int>(), ElementsAre(2, 2, 2));
  EXPECT_THAT(unique(x, {.size = 5, .fill_value = -1}).values.to_vector<int>(),
              ElementsAre(1, 2, 3, -1, -1));
  EXPECT_THAT(unique(x, {.size = 2}).values.to_vector<int>(), ElementsAre(1, 2));
  const Array rows = reshape(Array({1, 0, 0, 0, 1, 0, 1, 0, 0}), {3, 3});
  EXPECT_THAT(unique(rows, {.axis = 0}).values.to_vector<int>(), ElementsAre(0, 1, 0, 1, 0, 0));
  EXPECT_EQ(unique(Array({NAN, NAN, 1.f})).values.shape(), Shape{3});
}

TEST(Sorting, Nonzero) {
  const Array x = reshape(Array({0, 1, 2, 0, 0, 3}), {2, 3});
  const auto at = nonzero(x);
  EXPECT_THAT(at[0].to_vector<int>(), ElementsAre(0, 0, 1));
  EXPECT_THAT(at[1].to_vector<int>(), ElementsAre(1, 2, 2));
  EXPECT_THAT(argwhere(x).to_vector<int>(), ElementsAre(0, 1, 0, 2, 1, 2));
}

TEST(Sorting, TheGradientOfSortingFollowsTheElements) {
  const Array w({10.f, 20.f, 30.f});
  const Array g = grad([&](const Array& x) { return sum(sort(x) * w); })(Array({2.f, 3.f, 1.f}));
  EXPECT_THAT(g.to_vector(), ElementsAre(20, 30, 10));
}

}  // namespace
}  // namespace danlu
