#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "danlu/base/error.h"
#include "danlu/data/datasets.h"
#include "danlu/models/recipe.h"
#include "danlu/nn/global_state.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;

TEST(Recipes, HaveNamesOfTheirOwnAndAreFoundByThem) {
  std::set<std::string> names;
  for (const Recipe& recipe : recipes::list()) {
    names.insert(recipe.name);
    EXPECT_EQ(recipes::find(recipe.name), &recipe);
    EXPECT_FALSE(recipe.title.empty());
    EXPECT_FALSE(recipe.description.empty());
  }
  EXPECT_EQ(names, (std::set<std::string>{"linear-regression", "xor", "cnn", "mnist-cnn", "lstm"}));
  EXPECT_EQ(recipes::find("lenet"), nullptr);
}

TEST(Recipes, FitTheirOwnDataSets) {
  for (const Recipe& recipe : recipes::list()) {
    const datasets::Info info = datasets::info(recipe.data);
    EXPECT_EQ(info.sample_shape, recipe.sample_shape) << recipe.name;
    EXPECT_EQ(info.classes, recipe.max_classes) << recipe.name;
  }
}

TEST(Recipes, NetworksAreThoseOfTheListings) {
  const auto parameters = [](const char* name) {
    Sequential model = recipes::find(name)->model();
    const Shape samples = recipes::find(name)->sample_shape;
    const Shape expected = name == std::string("lstm") ? Shape{kNone, 10} : samples;
    EXPECT_EQ(model.network().input_shape(), expected.with_axis_inserted(0, kNone));
    return model.count_params();
  };
  EXPECT_EQ(parameters("linear-regression"), 2);
  EXPECT_EQ(parameters("xor"), 2 * 8 + 8 + 8 + 1);
  EXPECT_EQ(parameters("cnn"), 225034);
  EXPECT_EQ(parameters("mnist-cnn"), 693962);
  EXPECT_EQ(parameters("lstm"), 4 * 64 * (10 + 64 + 1) + 4 * 64 * (64 + 64 + 1) + 64 * 10 + 10);
}

TEST(Recipes, TrainOnAFewSamples) {
  for (const Recipe& recipe : recipes::list()) {
    set_random_seed(1);
    std::vector<int64_t> dims = {8};
    for (int64_t dim : recipe.sample_shape.dims()) dims.push_back(dim);
    const Shape shape{std::span<const int64_t>(dims)};
    DataSplit samples{HostTensor::zeros(shape, DType::float32), {}};
    int64_t count = 0;
    for (float& value : samples.x.values<float>()) value = static_cast<float>(++count % 7) / 7;
    if (recipe.max_classes > 0) {
      samples.y = HostTensor::from(std::vector<int32_t>{0, 1, 0, 1, 1, 0, 1, 0});
    } else {
      samples.y = HostTensor::from(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}, {8, 1});
    }
    if (recipe.prepare != nullptr) samples = recipe.prepare(samples);
    Sequential model = recipe.model();
    Optimizer optimizer(recipe.optimizer);
    optimizer->set_learning_rate(recipe.learning_rate);
    model.compile({.optimizer = optimizer,
                   .loss = recipe.loss,
                   .metrics = std::vector<Metric>(recipe.metrics.begin(), recipe.metrics.end())});
    const auto before = model.evaluate(samples, {.verbose = 0})["loss"];
    model.fit(samples, {.epochs = 5, .batch_size = 8, .verbose = 0});
    EXPECT_LT(model.evaluate(samples, {.verbose = 0})["loss"], before) << recipe.name;
  }
}

TEST(Recipes, XorAsPrintedHasOneLayerOfTwoUnits) {
  const Recipe* recipe = recipes::find("xor");
  ASSERT_NE(recipe->as_printed, nullptr);
  const Recipe printed = recipe->as_printed();
  EXPECT_EQ(printed.model().count_params(), 6);
  EXPECT_FALSE(printed.why_it_fails.empty());
  const DataSplit samples = printed.prepare(datasets::xor_gate());
  EXPECT_EQ(samples.y.shape(), (Shape{4, 2}));
  EXPECT_THAT(samples.y.values<float>(), ElementsAre(0, 0, 1, 1, 1, 1, 0, 0));
  EXPECT_EQ(recipes::find("cnn")->as_printed, nullptr);
}

TEST(OneHotTargets, AreRowsWithAOne) {
  const DataSplit samples{HostTensor::zeros({3, 2}, DType::float32),
                          HostTensor::from(std::vector<int32_t>{2, 0, 1}), 255};
  const DataSplit rows = recipes::with_one_hot_targets(samples, 3);
  EXPECT_EQ(rows.y.shape(), (Shape{3, 3}));
  EXPECT_THAT(rows.y.values<float>(), ElementsAre(0, 0, 1, 1, 0, 0, 0, 1, 0));
  EXPECT_EQ(rows.divide_by, 255);
  try {
    recipes::with_one_hot_targets(samples, 2);
    FAIL();
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(),
                 "[one-hot targets] A label is outside the classes. Expected 0 to 1. Received 2 "
                 "at sample 0.");
  }
}

TEST(AsRows, AveragesPixelsByTheirShare) {
  const DataSplit images{HostTensor::from(std::vector<uint8_t>{1, 2, 3, 6, 7, 8}, {1, 2, 3, 1}),
                         HostTensor::from(std::vector<int32_t>{0}), 2};
  const DataSplit rows = recipes::as_rows(images, 2);
  EXPECT_EQ(rows.x.shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(rows.divide_by, 1);
  const auto values = rows.x.values<float>();
  const std::vector<float> expected = {2 / 3.0f, 4 / 3.0f, 19 / 6.0f, 23 / 6.0f};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(values[i], expected[i], 1e-6);
}

TEST(LeastSquaresLine, GoesThroughExactPoints) {
  const DataSplit points{HostTensor::from(std::vector<float>{0, 1, 2, 4}, {4, 1}),
                         HostTensor::from(std::vector<float>{1, 3, 5, 9}, {4, 1})};
  const auto [slope, intercept] = recipes::least_squares_line(points);
  EXPECT_DOUBLE_EQ(slope, 2);
  EXPECT_DOUBLE_EQ(intercept, 1);
}

TEST(LeastSquaresLine, MinimizesTheSquares) {
  const DataSplit points{HostTensor::from(std::vector<float>{0, 1, 2}, {3, 1}),
                         HostTensor::from(std::vector<float>{0, 0, 3}, {3, 1})};
  const auto [slope, intercept] = recipes::least_squares_line(points);
  EXPECT_DOUBLE_EQ(slope, 1.5);
  EXPECT_DOUBLE_EQ(intercept, -0.5);
}

TEST(LeastSquaresLine, NeedsTwoPlaces) {
  const DataSplit points{HostTensor::from(std::vector<float>{1, 1}, {2, 1}),
                         HostTensor::from(std::vector<float>{0, 5}, {2, 1})};
  EXPECT_THROW(recipes::least_squares_line(points), ValueError);
}

}  // namespace
}  // namespace danlu
