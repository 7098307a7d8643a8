#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "danlu/danlu.h"

/// Steps on single batches, and epochs that end before the data does.
namespace danlu {
namespace {

Sequential line(double learning_rate = 0.1) {
  Sequential model({Dense({.units = 1, .kernel_initializer = "ones", .input_shape = {2}})});
  model.compile({.optimizer = SGD({.learning_rate = learning_rate}),
                 .loss = "mse",
                 .weighted_metrics = {"mae"}});
  return model;
}

const Array kX = Array(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, Shape{4, 2});
const Array kY = Array(std::vector<float>{1, 0, 2, 1}, Shape{4, 1});

std::vector<float> weights(const Model& model) {
  std::vector<float> all;
  for (const Array& value : model.get_weights()) {
    for (const float x : value.to_vector<float>()) all.push_back(x);
  }
  return all;
}

TEST(TrainOnBatch, IsAnEpochOfOneBatch) {
  Sequential a = line(), b = line();
  const History history = a.fit(kX, kY, {.batch_size = 4, .verbose = 0, .shuffle = false});
  for (int i = 0; i < 2; ++i) {
    const Logs logs = b.train_on_batch(kX, kY);
    if (i == 0) EXPECT_EQ(logs.at("loss"), history.last("loss"));
    if (i == 0) EXPECT_EQ(weights(a), weights(b));
  }
  EXPECT_NE(weights(a), weights(b));
  EXPECT_EQ(b.optimizer().iterations(), 2);
}

TEST(TrainOnBatch, TakesWeightsOfSamplesAndClasses) {
  const Array y = Array(std::vector<float>{0, 1, 0, 1}, Shape{4, 1});
  Sequential a = line(), b = line(), c = line();
  const double by_class = a.train_on_batch(kX, y, {.class_weight = {{1, 3.0}}}).at("loss");
  const double by_sample =
      b.train_on_batch(kX, y, {.sample_weight = Array({1.f, 3.f, 1.f, 3.f})}).at("loss");
  EXPECT_EQ(by_class, by_sample);
  EXPECT_EQ(weights(a), weights(b));
  EXPECT_NE(by_class, c.train_on_batch(kX, y).at("loss"));
  EXPECT_THROW(a.train_on_batch(kX, y, {.sample_weight = ones({4}), .class_weight = {{1, 3.0}}}),
               ValueError);
}

TEST(TestOnBatch, ChangesNoWeights) {
  Sequential model = line();
  const std::vector<float> before = weights(model);
  const Logs logs = model.test_on_batch(kX, kY);
  EXPECT_EQ(weights(model), before);
  EXPECT_EQ(logs.at("loss"), model.evaluate(kX, kY, {.verbose = 0}).at("loss"));
  EXPECT_EQ(logs.at("loss"), model.test_on_batch(kX, kY).at("loss"));
  EXPECT_EQ(model.predict_on_batch(kX).to_vector(), model.predict(kX).to_vector());
  EXPECT_THROW(Sequential({Dense({.units = 1})}).train_on_batch(kX, kY), StateError);
  EXPECT_THROW(model.train_on_batch(zeros({0, 2}), zeros({0, 1})), ValueError);
}

/// The numbers of batches of each epoch.
std::vector<int64_t> batches_of_epochs(int64_t steps_per_epoch, int64_t epochs,
                                       int64_t steps_per_execution = 1) {
  Sequential model = line(0);
  CompileConfig config = model.compile_config();
  config.steps_per_execution = steps_per_execution;
  model.compile(config);
  std::vector<int64_t> counts;
  int64_t before = 0;
  LambdaCallback counting({.on_epoch_end = [&](int64_t, const Logs&) {
    counts.push_back(model.optimizer().iterations() - before);
    before = model.optimizer().iterations();
  }});
  model.fit(ones({10, 2}), zeros({10, 1}),
            {.epochs = epochs,
             .batch_size = 2,
             .verbose = 0,
             .callbacks = {&counting},
             .steps_per_epoch = steps_per_epoch});
  return counts;
}

TEST(StepsPerEpoch, GoOnWhereTheEpochBeforeEnded) {
  EXPECT_EQ(batches_of_epochs(0, 2), (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(batches_of_epochs(2, 4), (std::vector<int64_t>{2, 2, 1, 2}));
  EXPECT_EQ(batches_of_epochs(5, 2), (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(batches_of_epochs(8, 2), (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(batches_of_epochs(3, 3, 2), (std::vector<int64_t>{3, 2, 3}));
  EXPECT_THROW(batches_of_epochs(-1, 1), ValueError);
}

TEST(StepsPerEpoch, SeeEverySampleOnceBeforeAnyTwice) {
  Sequential model = line(0);
  std::vector<double> seen;
  LambdaCallback look(
      {.on_epoch_end = [&](int64_t, const Logs& logs) { seen.push_back(logs.at("loss")); }});
  const Array x = reshape(arange(6.f), {6, 1}) * ones({1, 2});
  model.fit(x, zeros({6, 1}),
            {.epochs = 6,
             .batch_size = 1,
             .verbose = 0,
             .callbacks = {&look},
             .seed = 5,
             .steps_per_epoch = 1});
  std::sort(seen.begin(), seen.end());
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(seen[i], std::pow(2.0 * double(i), 2), 1e-4);
}

TEST(Validation, InSomeEpochsOnSomeBatches) {
  Sequential model = line(0);
  const auto fit = [&](const Integers& frequency, int64_t steps) {
    return model.fit(kX, kY,
                     {.epochs = 5,
                      .batch_size = 2,
                      .verbose = 0,
                      .validation_data = {kX, kY},
                      .validation_steps = steps,
                      .validation_freq = frequency});
  };
  EXPECT_EQ(fit(2, 0).history.at("val_loss").size(), 2u);
  EXPECT_EQ(fit({1, 5}, 0).history.at("val_loss").size(), 2u);
  EXPECT_EQ(fit(3, 0).history.at("loss").size(), 5u);
  const double first =
      model.evaluate(kX, kY, {.batch_size = 2, .verbose = 0, .steps = 1}).at("loss");
  EXPECT_EQ(fit(5, 1).last("val_loss"), first);
  EXPECT_NE(fit(5, 0).last("val_loss"), first);
  EXPECT_EQ(model.predict(kX, {.batch_size = 3, .steps = 1}).shape(), Shape({3, 1}));
  EXPECT_EQ(model.predict(kX, {.batch_size = 3, .steps = 5}).shape(), Shape({4, 1}));
  EXPECT_THROW(fit(0, 0), ValueError);
  EXPECT_THROW(fit(1, -1), ValueError);
}

}  // namespace
}  // namespace danlu
