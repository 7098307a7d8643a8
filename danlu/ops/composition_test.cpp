// Functions that are compositions, and what their derivatives do at corners.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/autodiff/autodiff.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Doubles = std::vector<double>;

Doubles values(const Array& x) { return x.to_vector<double>(); }

template <class F>
Doubles gradient(F f, const Array& x) {
  return values(grad([&](Array y) { return sum(f(y)); })(x));
}

TEST(Composition, ClipAndItsGradient) {
  const Array x = Array(Doubles{-2, -1, 0.5, 1, 3});
  const auto clipped = [](const Array& y) { return clip(y, -1, 1); };
  EXPECT_THAT(values(clipped(x)), ElementsAre(-1, -1, 0.5, 1, 1));
  EXPECT_THAT(gradient(clipped, x), ElementsAre(0, 0.5, 1, 0.5, 0));
  EXPECT_TRUE(std::isnan(values(clip(Array(Doubles{kNan}), -1, 1))[0]));
  EXPECT_THAT(clip(Array({300, -5}), 0, 255).to_vector<int>(), ElementsAre(255, 0));
}

TEST(Composition, MeanOfIntegersAndOfNothing) {
  EXPECT_EQ(mean(Array({1, 2, 4})).item<double>(), double(7.0f / 3));
  EXPECT_TRUE(std::isnan(mean(zeros({0})).item()));
  const Array x = Array(Doubles{1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_THAT(values(mean(x, {0})), ElementsAre(2.5, 3.5, 4.5));
  EXPECT_THAT(gradient([](const Array& y) { return mean(y, {1}); }, x),
              Pointwise(DoubleEq(), Doubles(6, 1.0 / 3)));
}

TEST(Composition, LogsumexpNeitherOverflowsNorLosesInfinities) {
  const Array x = Array(Doubles{1000, 1000, -1000, -1000, -kInf, -kInf, kInf, 0, -kInf, 3}, {5, 2});
  const Doubles y = values(logsumexp(x, {1}));
  EXPECT_DOUBLE_EQ(y[0], 1000 + std::log(2.0));
  EXPECT_DOUBLE_EQ(y[1], -1000 + std::log(2.0));
  EXPECT_EQ(y[2], -kInf);
  EXPECT_EQ(y[3], kInf);
  EXPECT_DOUBLE_EQ(y[4], 3);
  EXPECT_TRUE(std::isnan(logsumexp(Array(Doubles{1, kNan})).item<double>()));
  EXPECT_EQ(logsumexp(x, {0, 1}, true).shape(), (Shape{1, 1}));
}

TEST(Composition, LogsumexpHasDerivativesOfEveryOrder) {
  const Array x = Array(Doubles{0.3, -1.2, 2});
  const Doubles p = values(softmax(x));
  EXPECT_THAT(gradient([](const Array& y) { return logsumexp(y); }, x),
              Pointwise(testing::DoubleNear(1e-14), p));
  // H v = p ∘ v − p (p·v).
  const Doubles v = {1, 0.5, -2};
  const double dot = p[0] * v[0] + p[1] * v[1] + p[2] * v[2];
  Doubles expected;
  for (size_t i = 0; i < 3; ++i) expected.push_back(p[i] * (v[i] - dot));
  EXPECT_THAT(values(hvp([](Array y) { return logsumexp(y); }, x, Array(v))),
              Pointwise(testing::DoubleNear(1e-14), expected));
}

TEST(Composition, LiteralsKeepTheirDigitsInFloat64) {
  const Array x = Array(Doubles{1, 3});
  EXPECT_THAT(values(x * 0.1), ElementsAre(0.1, 3 * 0.1));
  EXPECT_THAT(values(1e-7 + x), ElementsAre(1 + 1e-7, 3 + 1e-7));
  EXPECT_THAT(values(where(x > 2, x, 0.3)), ElementsAre(0.3, 3));
  EXPECT_EQ(full({1}, 0.1, DType::float64).item<double>(), 0.1);
  constexpr int64_t kLong = (1LL << 53) + 1;
  EXPECT_EQ(full({1}, kLong, DType::int64).item<int64_t>(), kLong);
  EXPECT_EQ(full({1}, complex64(1, -2)).item<complex64>(), complex64(1, -2));
  EXPECT_EQ(full_like(Array({1, 2}), kLong, DType::int64).to_vector<int64_t>()[1], kLong);
}

TEST(Composition, TiesShareGradients) {
  const Array x = Array(Doubles{2, 5, 5, 1});
  EXPECT_THAT(gradient([](const Array& y) { return max(y); }, x), ElementsAre(0, 0.5, 0.5, 0));
  EXPECT_THAT(gradient([](const Array& y) { return min(y); }, x), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(gradient([](const Array& y) { return maximum(y, 2); }, x), ElementsAre(0.5, 1, 1, 0));
  EXPECT_THAT(gradient([](const Array& y) { return minimum(2, y); }, x), ElementsAre(0.5, 0, 0, 1));
}

TEST(Composition, GradientsAtCorners) {
  const Array zero = Array(Doubles{0});
  EXPECT_THAT(gradient([](const Array& y) { return relu(y); }, zero), ElementsAre(0));
  EXPECT_THAT(gradient([](const Array& y) { return abs(y); }, zero), ElementsAre(0));
  EXPECT_THAT(gradient([](const Array& y) { return power(y, 0); }, zero), ElementsAre(0));
  EXPECT_THAT(gradient([](const Array& y) { return power(y, 2); }, zero), ElementsAre(0));
  EXPECT_THAT(gradient([](const Array& y) { return power(y, 3); }, Array(Doubles{-2})),
              ElementsAre(12));
  EXPECT_THAT(gradient([&](const Array& y) { return power(zero, y); }, Array(Doubles{2})),
              ElementsAre(0));
  EXPECT_THAT(gradient([](const Array& y) { return round(y) * y; }, Array(Doubles{2.7})),
              ElementsAre(3));
  EXPECT_THAT(gradient([](const Array& y) { return y * stop_gradient(y); }, Array(Doubles{4})),
              ElementsAre(4));
}

TEST(Composition, CastPassesGradientsBetweenFloatingDtypesOnly) {
  const Array x = Array(std::vector<float>{1.5f, -2.f});
  const auto widened = [](const Array& y) {
    return cast(square(cast(y, DType::float64)), DType::float32);
  };
  EXPECT_THAT(gradient(widened, x), ElementsAre(3, -4));
  const auto through_int = [](const Array& y) {
    return cast(cast(y, DType::int32), DType::float32) + y;
  };
  EXPECT_THAT(gradient(through_int, x), ElementsAre(1, 1));
}

TEST(Composition, PartsAndTheirGradients) {
  const Array x = reshape(arange(0, 12, 1, DType::float64), Shape{3, 4});
  EXPECT_THAT(values(slice(x, {-1, 3}, {-4, 0}, {-2, -2})), ElementsAre(11, 9, 3, 1));
  EXPECT_THAT(
      gradient(
          [](const Array& y) {
            return slice(y, {-1, 3}, {-4, 0}, {-2, -2}) * Array(Doubles{1, 2, 3, 4}, {2, 2});
          },
          x),
      ElementsAre(0, 4, 0, 3, 0, 0, 0, 0, 0, 2, 0, 1));
  EXPECT_THAT(values(stack({Array(Doubles{1, 2}), Array(Doubles{3, 4})}, 1)),
              ElementsAre(1, 3, 2, 4));
  EXPECT_THAT(values(pad(Array(Doubles{1, 2}), {{{1, 2}}}, 9)), ElementsAre(9, 1, 2, 9, 9));
  EXPECT_THAT(values(take(x, Array({2, -3}), 0)), ElementsAre(8, 9, 10, 11, 0, 1, 2, 3));
  EXPECT_THAT(gradient(
                  [](const Array& y) {
                    return take(y, Array({1, 1, -1}), 0);
                  },
                  Array(Doubles{5, 6, 7})),
              ElementsAre(0, 2, 1));
  EXPECT_THAT(values(transpose(slice(x, {0, 0}, {2, 2}))), ElementsAre(0, 4, 1, 5));
  EXPECT_THAT(values(sum_to_shape(x, {3, 1})), ElementsAre(6, 22, 38));
  EXPECT_THAT(one_hot(Array({1, 0}), 3).to_vector<int>(), ElementsAre(0, 1, 0, 1, 0, 0));
}

TEST(Composition, Extrema) {
  const Array x = Array(Doubles{3, 9, 9, -1, kNan, 2}, {2, 3});
  EXPECT_EQ(argmax(x).item<int>(), 4);
  EXPECT_THAT(argmax(x, 1).to_vector<int>(), ElementsAre(1, 1));
  EXPECT_THAT(argmin(x, 0, true).to_vector<int>(), ElementsAre(1, 1, 1));
  EXPECT_TRUE(std::isnan(max(x).item<double>()));
  EXPECT_EQ(sum(Array({true, false, true})).item<int>(), 2);
}

}  // namespace
}  // namespace danlu
