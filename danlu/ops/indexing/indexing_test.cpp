#include "danlu/ops/indexing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using testing::ElementsAre;

Array numbers(const Shape& shape) {
  return reshape(arange(0, shape.num_elements(), 1, DType::float32), shape);
}

std::string message(const Array& x) {
  try {
    x.eval();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "no ValueError";
}

TEST(Indexing, NumbersAndSlices) {
  const Array x = numbers({3, 4});
  EXPECT_THAT(x[1].to_vector(), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT((x[{-1, -2}]).to_vector(), ElementsAre(10));
  EXPECT_EQ((x[{-1, -2}]).rank(), 0);
  EXPECT_THAT((x[{Slice{1, {}}, 0}]).to_vector(), ElementsAre(4, 8));
  EXPECT_THAT((x[{Slice{{}, {}, -1}, Slice{3, 0, -2}}]).to_vector(),
              ElementsAre(11, 9, 7, 5, 3, 1));
  EXPECT_THAT((x[{ellipsis, 1}]).to_vector(), ElementsAre(1, 5, 9));
  EXPECT_EQ((x[{newaxis, ellipsis, newaxis, Slice{0, 2}}]).shape(), (Shape{1, 3, 1, 2}));
  EXPECT_EQ((x[{Slice{5, 9}}]).shape(), (Shape{0, 4}));
  EXPECT_THROW(x[3], ValueError);
  EXPECT_THROW((x[{0, 0, 0}]), ShapeError);
  EXPECT_THROW((x[{ellipsis, ellipsis}]), ShapeError);
}

TEST(Indexing, IntegersAndMasks) {
  const Array x = numbers({3, 4});
  EXPECT_THAT((x[{Array({0, -1}), Array({1, 2})}]).to_vector(), ElementsAre(1, 10));
  EXPECT_THAT((x[{Slice{}, std::vector{3, 0}}]).to_vector(), ElementsAre(3, 0, 7, 4, 11, 8));
  EXPECT_THAT(x[x > 8].to_vector(), ElementsAre(9, 10, 11));
  EXPECT_THAT((x[{Array({true, false, true}), 1}]).to_vector(), ElementsAre(1, 9));
  const Array cube = numbers({2, 3, 4});
  // Parted by a slice, the integers' axis comes first; side by side it stays.
  EXPECT_EQ((cube[{Array({0, 1, 1}), Slice{0, 2}, Array({1, 2, 3})}]).shape(), (Shape{3, 2}));
  EXPECT_EQ((cube[{Slice{}, reshape(Array({0, 1}), {2, 1}), Array({1, 2, 3})}]).shape(),
            (Shape{2, 2, 3}));
  EXPECT_THAT((cube[{1, Slice{}, Array({0, 0})}]).to_vector(), ElementsAre(12, 16, 20, 12, 16, 20));
  EXPECT_EQ(message(x[{Slice{}, Array({0, 4})}]),
            "[take] An index is out of range. Expected an index from -4 to 3. Received 4.");
  EXPECT_EQ(message(x[{Array({0, -4}), Array({0, 1})}]),
            "[ravel_multi_index] An index is out of range. Expected an index of each axis of "
            "(3, 4), from -n to n - 1. Received -4.");
}

TEST(Indexing, Writing) {
  const Array x = numbers({2, 3});
  EXPECT_THAT(at(x, {1}).set(9).to_vector(), ElementsAre(0, 1, 2, 9, 9, 9));
  EXPECT_THAT(at(x, {Slice{}, Slice{{}, {}, -2}}).add(Array({10.f, 20.f})).to_vector(),
              ElementsAre(20, 1, 12, 23, 4, 15));
  EXPECT_THAT(at(x, {Slice{}, Array({0, 0})}).add(1).to_vector(), ElementsAre(2, 1, 2, 5, 4, 5));
  EXPECT_THAT(at(x, {Slice{}, Array({0, 0})}).set(Array({7.f, 8.f})).to_vector(),
              ElementsAre(8, 1, 2, 8, 4, 5));
  EXPECT_THAT(at(x, {Slice{1, {}}, Array({2, 0})}).multiply(-1).to_vector(),
              ElementsAre(0, 1, 2, -3, 4, -5));
  EXPECT_THAT(at(x, {x > 3}).set(0).to_vector(), ElementsAre(0, 1, 2, 3, 0, 0));
  EXPECT_THAT(at(x, {x > 3}).set(Array({-1.f, -2.f})).to_vector(), ElementsAre(0, 1, 2, 3, -1, -2));
  EXPECT_THAT(at(x, {ellipsis, 1}).max(3).to_vector(), ElementsAre(0, 3, 2, 3, 4, 5));
  EXPECT_THAT(at(x, {0}).min(Array({1.f, 0.f, 5.f})).to_vector(), ElementsAre(0, 0, 2, 3, 4, 5));
}

TEST(Indexing, GradientsOfReadingAndWriting) {
  const Array x = numbers({3, 4});
  const auto read = grad([](const Array& a) {
    return sum(square(a[{Array({0, 2, 2}), Slice{3, 1, -1}}]));
  })(x);
  EXPECT_THAT(read.to_vector(), ElementsAre(0, 0, 4, 6, 0, 0, 0, 0, 0, 0, 40, 44));
  const auto written = grad([&](const Array& a) {
    return sum(square(at(x, {Slice{}, Array({1, 1})}).set(a)));
  })(Array({5.f, 6.f}));
  EXPECT_THAT(written.to_vector(), ElementsAre(0, 36));
}

TEST(Indexing, AlongAnAxis) {
  const Array x = numbers({2, 3});
  EXPECT_THAT(take_along_axis(x, reshape(Array({2, 0}), {2, 1}), 1).to_vector(), ElementsAre(2, 3));
  EXPECT_THAT(take_along_axis(x, Array({5, -6})).to_vector(), ElementsAre(5, 0));
  EXPECT_THAT(put_along_axis(x, reshape(Array({2, 0}), {2, 1}), -1, 1).to_vector(),
              ElementsAre(0, 1, -1, -1, 4, 5));
  EXPECT_EQ(message(take_along_axis(x, Array({6}))),
            "[take_along_axis] An index is out of range. Expected an index from -6 to 5. "
            "Received 6.");
}

TEST(Indexing, ScatterAsKerasDoes) {
  const Array indices = reshape(Array({0, 1, 2, 0, 0, 1}), {3, 2});
  EXPECT_THAT(scatter(indices, Array({1.f, 2.f, 4.f}), {3, 2}).to_vector(),
              ElementsAre(0, 5, 0, 0, 2, 0));
  const Array x = numbers({3, 2});
  EXPECT_THAT(scatter_update(x, reshape(Array({0, 2}), {2, 1}), numbers({2, 2})).to_vector(),
              ElementsAre(0, 1, 2, 3, 2, 3));
  EXPECT_THAT(scatter_update(x, indices, Array({9.f, 9.f, 1.f}), "max").to_vector(),
              ElementsAre(0, 9, 2, 3, 9, 5));
  EXPECT_THROW(scatter(indices, Array({1.f}), {3, 2}), ShapeError);
  EXPECT_THROW(scatter_update(x, indices, Array({9.f, 9.f, 1.f}), "sum"), ValueError);
}

TEST(Indexing, ProductsWithZerosHaveTheirGradients) {
  const Array x({2.f, 0.f, 3.f}), u({4.f, 0.f, 5.f, 7.f});
  const Array at_two({0, 0, 1, 2});
  const auto f = [&](const Array& a, const Array& b) {
    return sum(scatter_along(a, at_two, b, 0, "mul"));
  };
  EXPECT_THAT(grad([&](const Array& a) { return f(a, u); })(x).to_vector(), ElementsAre(0, 5, 7));
  EXPECT_THAT(grad([&](const Array& b) { return f(x, b); })(u).to_vector(),
              ElementsAre(0, 8, 0, 3));
}

TEST(Indexing, PartsAtComputedPlaces) {
  const Array x = numbers({3, 4});
  EXPECT_THAT(slice(x, Array({1, 3}), Shape{2, 2}).to_vector(), ElementsAre(6, 7, 10, 11));
  EXPECT_THAT(slice_update(x, Array({2, 0}), full({1, 2}, 50)).to_vector(),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 50, 50, 10, 11));
  EXPECT_THROW(slice(x, Array({1, 3}), {4, 2}), ShapeError);
}

TEST(Indexing, FlatIndices) {
  EXPECT_THAT(ravel_multi_index({Array({0, -1}), Array({2, 1})}, {3, 4}).to_vector<int>(),
              ElementsAre(2, 9));
  const auto parts = unravel_index(Array({2, 9, -1}), {3, 4});
  EXPECT_THAT(parts[0].to_vector<int>(), ElementsAre(0, 2, 2));
  EXPECT_THAT(parts[1].to_vector<int>(), ElementsAre(2, 1, 3));
}

TEST(Indexing, Segments) {
  const Array data = numbers({4, 2}), ids({0, 2, 0, 5});
  EXPECT_THAT(segment_sum(data, ids, 3).to_vector(), ElementsAre(4, 6, 0, 0, 2, 3));
  EXPECT_THAT(segment_prod(data, ids, 3).to_vector(), ElementsAre(0, 5, 1, 1, 2, 3));
  const auto greatest = segment_max(data, ids, 3).to_vector();
  EXPECT_THAT(greatest, ElementsAre(4, 5, -INFINITY, -INFINITY, 2, 3));
  EXPECT_EQ(segment_min(data, ids).shape(), (Shape{6, 2}));
}

}  // namespace
}  // namespace danlu
