#include "danlu/autodiff/vmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Array matrix() { return reshape(arange(1, 7, 1, DType::float32), Shape{2, 3}); }

template <class E, class F>
std::string error_text(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no error";
}

TEST(Vmap, MapsOverTheFirstAxis) {
  const auto norm = [](const Array& row) {
    EXPECT_EQ(row.shape(), Shape{3});
    return sum(row * row);
  };
  EXPECT_THAT(vmap(norm)(matrix()).to_vector(), ElementsAre(14.f, 77.f));
}

TEST(Vmap, InAndOutAxes) {
  const auto scaled = [](const Array& column, const Array& by) { return column * by; };
  const Array by({1.f, 10.f, 100.f});
  const Array rows = vmap(scaled, {.in_axes = {1, 0}})(matrix(), by);
  EXPECT_EQ(rows.shape(), (Shape{3, 2}));
  EXPECT_THAT(rows.to_vector(), ElementsAre(1, 4, 20, 50, 300, 600));
  const Array columns = vmap(scaled, {.in_axes = {-1, 0}, .out_axes = {-1}})(matrix(), by);
  EXPECT_THAT(columns.to_vector(), ElementsAre(1, 20, 300, 4, 50, 600));
}

TEST(Vmap, WhatIsNotMappedIsSharedAndComputedOnce) {
  const auto f = [](const Array& x, const Array& shared, int) {
    return std::pair{x + sum(shared), sum(shared)};
  };
  const VmapOptions options{.in_axes = {0, std::nullopt, std::nullopt},
                            .out_axes = {0, std::nullopt}};
  const auto g = [&](const Array& x, const Array& shared) { return f(x, shared, 0); };
  VmapOptions two = options;
  two.in_axes.pop_back();
  const auto [sums, total] = vmap(g, two)(Array({1.f, 2.f}), Array({10.f, 20.f}));
  EXPECT_THAT(sums.to_vector(), ElementsAre(31.f, 32.f));
  EXPECT_EQ(total.shape(), Shape{});
  EXPECT_EQ(total.item(), 30.f);
}

TEST(Vmap, OfVmapIsAnOuterProduct) {
  const auto product = [](const Array& a, const Array& b) { return a * b; };
  const auto row = vmap(product, {.in_axes = {std::nullopt, 0}});
  const auto table = vmap(row, {.in_axes = {0, std::nullopt}});
  const Array out = table(Array({1.f, 2.f}), Array({3.f, 4.f, 5.f}));
  EXPECT_EQ(out.shape(), (Shape{2, 3}));
  EXPECT_THAT(out.to_vector(), ElementsAre(3, 4, 5, 6, 8, 10));
}

TEST(Vmap, OverTrees) {
  using Tree = std::map<std::string, Array>;
  const auto f = [](const Tree& t) { return Tree{{"sum", t.at("a") + t.at("b")}}; };
  const Tree tree = {{"a", Array({1.f, 2.f})}, {"b", Array({10.f, 20.f})}};
  EXPECT_THAT(vmap(f)(tree).at("sum").to_vector(), ElementsAre(11.f, 22.f));
}

TEST(Vmap, ResultsThatDoNotDependOnTheArgumentAreRepeated) {
  const auto f = [](const Array&) { return Array({7.f, 8.f}); };
  EXPECT_THAT(vmap(f)(Array({1.f, 2.f})).to_vector(), ElementsAre(7, 8, 7, 8));
  const VmapOptions sized{.in_axes = {std::nullopt}, .axis_size = 3};
  EXPECT_EQ(vmap(f, sized)(Array(1.f)).shape(), (Shape{3, 2}));
}

TEST(Vmap, RandomNumbersPerElementOnlyWithStatesPerElement) {
  const Array states(std::vector<int64_t>{1, 0, 1, 1, 2, 0}, Shape{3, 2});
  const auto draw = [](const Array& state) { return random::uniform(state, {4}); };
  const auto own = vmap(draw)(states).to_vector();
  EXPECT_EQ(std::set<float>(own.begin(), own.end()).size(), 12u);
  for (int64_t i = 0; i < 3; ++i) {
    const auto alone = draw(squeeze(slice(states, {i}, {i + 1}), 0)).to_vector();
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), own.begin() + 4 * i));
  }
  const Array one({int64_t{1}, int64_t{0}});
  const auto shared = vmap([&](const Array& x) { return x + draw(one); })(zeros({3})).to_vector();
  EXPECT_EQ(std::set<float>(shared.begin(), shared.end()).size(), 4u);
}

TEST(Vmap, BadIndicesOfOneElementAreStillErrors) {
  const auto f = [](const Array& x, const Array& i) { return take(x, i, 0); };
  EXPECT_THAT(error_text<ValueError>([&] {
                vmap(f)(matrix(), Array({0, 3})).eval();
              }),
              HasSubstr("[take] An index is out of range"));
  EXPECT_THAT(error_text<ValueError>([&] {
                vmap(f)(matrix(), Array({-4, 2})).eval();
              }),
              HasSubstr("[take] An index is out of range"));
  EXPECT_THAT(vmap(f)(matrix(), Array({-1, 0})).to_vector(), ElementsAre(3.f, 4.f));
}

TEST(Vmap, ErrorsSayWhatIsWrong) {
  const auto add_both = [](const Array& a, const Array& b) { return a + b; };
  EXPECT_EQ(error_text<ShapeError>([&] { vmap(add_both)(zeros({2}), zeros({3})); }),
            "[vmap] The arguments have batches of different sizes. Expected 2 along axis 0 of "
            "argument 1. Received (3,).");
  EXPECT_EQ(error_text<ShapeError>([&] { vmap(add_both)(zeros({2}), Array(1.f)); }),
            "[vmap] A scalar has no axis to map over. Expected an Array with an axis 0 as argument "
            "1. Received float32(). Hint: give std::nullopt as its in_axes entry.");
  const VmapOptions none{.in_axes = {std::nullopt}};
  EXPECT_EQ(error_text<ValueError>([&] { vmap(add_both, none)(zeros({2}), zeros({2})); }),
            "[vmap] Nothing tells the size of the batch. Expected a mapped argument with an Array, "
            "or axis_size.");
  const VmapOptions three{.in_axes = {0, 0, 0}};
  EXPECT_EQ(
      error_text<ValueError>([&] { vmap(add_both, three)(zeros({2}), zeros({2})); }),
      "[vmap] The number of in_axes does not fit the arguments. Expected 1 or 2. Received 3.");
  const VmapOptions shared{.out_axes = {std::nullopt}};
  EXPECT_THAT(error_text<ValueError>([&] { vmap(add_both, shared)(zeros({2}), zeros({2})); }),
              HasSubstr("[vmap] A result with out_axes of nullopt differs between elements."));
  const auto reads = [](const Array& x) { return x * x.item(); };
  EXPECT_THAT(error_text<StateError>([&] { vmap(reads)(zeros({2})); }),
              HasSubstr("The value of an Array was asked for while a function is traced"));
}

}  // namespace
}  // namespace danlu
