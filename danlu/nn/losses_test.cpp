#include "danlu/nn/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/metrics.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

TEST(Loss, ReducesAsAsked) {
  const Array y_true(std::vector<float>{0, 0, 0, 0}, {2, 2});
  const Array y_pred(std::vector<float>{1, 3, 2, 4}, {2, 2});
  EXPECT_EQ(losses::MeanSquaredError()(y_true, y_pred).item(), 7.5f);
  EXPECT_EQ(losses::MeanSquaredError({.reduction = "mean"})(y_true, y_pred).item(), 7.5f);
  EXPECT_EQ(losses::MeanSquaredError({.reduction = "sum"})(y_true, y_pred).item(), 15.f);
  EXPECT_EQ(losses::MeanSquaredError({.reduction = "none"})(y_true, y_pred).to_vector(),
            (std::vector<float>{5, 10}));
  EXPECT_EQ(Loss("mse").name(), "mean_squared_error");
  EXPECT_EQ(losses::MeanSquaredError({.name = "mine"}).name(), "mine");
}

TEST(Loss, TakesAFunction) {
  const Loss absolute([](const Array& t, const Array& p) { return abs(t - p); }, "absolute");
  EXPECT_EQ(absolute(Array({1.f, 2.f}), Array({2.f, 5.f})).item(), 2.f);
}

TEST(Loss, MatchesRanksAsKeras) {
  const Array column(std::vector<float>{1, 3}, {2, 1});
  EXPECT_EQ(Loss("mse")(Array({1.f, 2.f}), column).item(), 0.5f);
  EXPECT_EQ(Loss("mse")(column, Array({1.f, 2.f})).item(), 0.5f);
  const Array labels(std::vector<int32_t>{1, 0}, {2, 1});
  const Array probabilities(std::vector<float>{0.5, 0.5, 0.25, 0.75}, {2, 2});
  EXPECT_NEAR(Loss("sparse_categorical_crossentropy")(labels, probabilities).item(),
              -(std::log(0.5) + std::log(0.25)) / 2, 1e-6);
}

TEST(Loss, Errors) {
  expect_error<ShapeError>(
      [] {
        Loss("mse")(zeros({4, 3}), zeros({4, 1}));
      },
      "[mean_squared_error] Targets and predictions do not fit each other. "
      "Expected targets of shape (4, 1), as the predictions. Received (4, 3). "
      "Hint: the last layer needs as many units as a target has numbers.");
  expect_error<ShapeError>(
      [] {
        Loss("sparse_categorical_crossentropy")(zeros({4, 3}), zeros({4, 3}));
      },
      "[sparse_categorical_crossentropy] Labels and predictions do not fit each other. Expected "
      "one label for each row of the predictions (4, 3). Received (4, 3). Hint: one-hot targets "
      "need the loss \"categorical_crossentropy\".");
  expect_error<ValueError>([] { losses::MeanSquaredError({.reduction = "average"}); },
                           "[mean_squared_error] `reduction` is unknown. Expected "
                           "\"sum_over_batch_size\", \"mean\", "
                           "\"mean_with_sample_weight\", \"sum\" or \"none\". Received "
                           "\"average\".");
  expect_error<ValueError>(
      [] { losses::BinaryCrossentropy({.label_smoothing = 2}); },
      "[binary_crossentropy] `label_smoothing` is out of range. Expected a number "
      "in [0, 1]. Received 2.");
}

double accuracy(const Array& y_true, const Array& y_pred) {
  Metric metric = "accuracy";
  EXPECT_EQ(metric->name(), "accuracy");
  metric->update_state(y_true, y_pred);
  return metric->value();
}

TEST(Accuracy, IsChosenByShapes) {
  const Array column(std::vector<float>{0.2, 0.7, 0.9, 0.4}, {4, 1});
  EXPECT_EQ(accuracy(Array(std::vector<float>{0, 1, 0, 0}, {4, 1}), column), 0.75);
  EXPECT_EQ(accuracy(Array(std::vector<int32_t>{0, 1, 1, 0}), column), 1);
  const Array rows(std::vector<float>{0.2, 0.8, 0.6, 0.4}, {2, 2});
  EXPECT_EQ(accuracy(Array(std::vector<int32_t>{1, 1}), rows), 0.5);
  EXPECT_EQ(accuracy(Array(std::vector<uint8_t>{1, 0}, {2, 1}), rows), 1);
  EXPECT_EQ(accuracy(Array(std::vector<float>{0, 1, 1, 0}, {2, 2}), rows), 1);
}

TEST(Metrics, AccumulateAndReset) {
  metrics::Mean mean("loss");
  EXPECT_EQ(mean.value(), 0);
  EXPECT_EQ(mean.result().item(), 0);
  mean.update_state(Array(2.f), 3);
  mean.update_state(Array({4.f, 6.f}));
  EXPECT_EQ(mean.value(), 16 / 5.0);
  EXPECT_NEAR(mean.result().item(), 3.2, 1e-6);
  mean.reset_state();
  EXPECT_EQ(mean.value(), 0);
  const metrics::MeanMetricWrapper custom([](const Array& t, const Array& p) { return p - t; },
                                          "bias");
  custom->update_state(Array({1.f, 1.f}), Array({2.f, 4.f}));
  EXPECT_EQ(custom->value(), 2);
  EXPECT_EQ(custom->name(), "bias");
}

TEST(Metrics, Errors) {
  expect_error<ShapeError>(
      [] {
        accuracy(zeros({3, 2}), zeros({3, 4}));
      },
      "[accuracy] Targets and predictions do not fit each other. Expected "
      "both of shape (…, classes). Received targets (3, 2), predictions "
      "(3, 4).");
}

}  // namespace
}  // namespace danlu
