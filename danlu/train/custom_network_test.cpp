#include "danlu/train/custom_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/random.h"
#include "danlu/ops/reduction.h"
#include "danlu/optim/adam.h"
#include "danlu/train/model.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Learns to make pairs like those it is shown, from noise: two networks, two optimizers.
class Gan : public CustomNetwork {
 public:
  Gan() : CustomNetwork("Gan") {}
  Layer hidden = track(Dense({.units = 16, .activation = "tanh"}));
  Layer made = track(Dense({.units = 2}));
  Layer judge = track(Dense({.units = 16, .activation = "tanh"}));
  Layer verdict = track(Dense({.units = 1}));
  Variable seed = add_seed_state(7);
  Optimizer critic_optimizer = Adam({.learning_rate = 3e-3});
  metrics::Mean critic_loss = track(metrics::Mean("critic_loss"));
  metrics::Mean maker_loss = track(metrics::Mean("maker_loss"));

  StepLogs train_step(const StepInputs& data, Steps& compiled) override {
    const Array& real = data.x[0];
    const Array fake = (*this)(noise(real.shape()[0]), {.training = true});
    const Array critic =
        0.5 * (mean(softplus(-likelihood(real))) + mean(softplus(likelihood(fake))));
    std::vector<Variable> critics = judge.weights();
    for (const Variable& weight : verdict.weights()) critics.push_back(weight);
    const Array maker = mean(softplus(-likelihood(fake)));
    std::vector<Variable> makers = hidden.weights();
    for (const Variable& weight : made.weights()) makers.push_back(weight);
    compiled.minimize(maker, makers);
    Steps::minimize(critic, critics, critic_optimizer);
    critic_loss.update_state(critic);
    maker_loss.update_state(maker);
    return {{"critic_loss", critic_loss.result()}, {"maker_loss", maker_loss.result()}};
  }

 private:
  Array call(const Array& z, const CallContext& context) override {
    return made(hidden(z, context), context);
  }
  Array likelihood(const Array& x) { return verdict(judge(x)); }
  Array noise(int64_t count) {
    const Array state = seed.value();
    seed.assign(state + Array(std::vector<int64_t>{0, 1}));
    return random::normal(state, {count, 4});
  }
};

HostTensor points(int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    const double angle = 2.4 * static_cast<double>(i);
    values.push_back(static_cast<float>(3 + 0.1 * std::cos(angle)));
    values.push_back(static_cast<float>(-2 + 0.1 * std::sin(angle)));
  }
  return HostTensor::from(values, {count, 2});
}

TEST(CustomNetwork, TrainsWithTwoOptimizersInOneProgram) {
  set_random_seed(3);
  auto gan = std::make_shared<Gan>();
  Model model(gan);
  model.compile({.optimizer = Adam({.learning_rate = 3e-3}), .loss = {}});
  const History history =
      model.fit(points(64), {}, {.epochs = 300, .batch_size = 64, .verbose = 0});
  EXPECT_EQ(model.steps().traced(), 1U);
  EXPECT_EQ(model.optimizer().iterations(), 300);
  EXPECT_EQ(gan->critic_optimizer->iterations(), 300);
  EXPECT_EQ(history.history.size(), 2U);
  EXPECT_TRUE(std::isfinite(history.last("maker_loss")));
  EXPECT_EQ(gan->seed.value().to_vector<int64_t>()[1], 300);
  const Array z = random::normal(Array({int64_t{1}, int64_t{0}}), {256, 4});
  const std::vector<float> centre = mean(model.predict(z), {0}).to_vector();
  EXPECT_LT(std::hypot(centre[0] - 3, centre[1] + 2), 1.8);  // at first it is 3.6
}

/// One input, two outputs, the second with more columns; nothing of its own in training.
class TwoHeads : public CustomNetwork {
 public:
  TwoHeads() : CustomNetwork("TwoHeads") {}
  Layer body = track(Dense({.units = 4, .activation = "tanh", .name = "body"}));
  Layer small = track(Dense({.units = 1, .name = "small"}));
  Layer large = track(Dense({.units = 3, .name = "large"}));
  std::vector<std::string> output_names() const override { return {"small", "large"}; }

 private:
  std::vector<Array> call_inputs(const std::vector<Array>& x, const CallContext&) override {
    const Array h = body(x[0]);
    return {small(h), large(h)};
  }
};

TEST(CustomNetwork, FindsItsShapesByCalling) {
  TwoHeads network;
  EXPECT_THAT(network.compute_output_shapes({{kNone, 2}}),
              ElementsAre(Shape{kNone, 1}, Shape{kNone, 3}));
  EXPECT_THAT(network.compute_output_shapes({{5, 2}}), ElementsAre(Shape{5, 1}, Shape{5, 3}));
  EXPECT_EQ(network.weights().size(), 6U);
  EXPECT_EQ(network.name(), "two_heads");
  EXPECT_THROW(network.get_config(), UnsupportedError);
}

TEST(CustomNetwork, IsTrainedAndUsedLikeAnyOther) {
  set_random_seed(1);
  Model model(std::make_shared<TwoHeads>());
  model.compile({.optimizer = Adam({.learning_rate = 0.05}),
                 .loss = {{"large", "mae"}, {"small", "mse"}},
                 .metrics = {{"small", "mae"}}});
  const HostTensor x = points(16);
  const HostTensors y = {HostTensor::zeros({16, 1}, DType::float32),
                         HostTensor::zeros({16, 3}, DType::float32)};
  const History history = model.fit(x, y, {.epochs = 40, .batch_size = 16, .verbose = 0});
  EXPECT_LT(history.last("loss"), 0.2 * history.history.at("loss")[0]);
  for (const char* name : {"small_loss", "large_loss", "small_mae"}) {
    EXPECT_TRUE(history.history.contains(name)) << name;
  }
  const Predictions predictions = model.predict(x);
  EXPECT_FALSE(predictions.defined());
  EXPECT_EQ(predictions.output(0).shape(), (Shape{16, 1}));
  EXPECT_EQ(predictions.output(1).shape(), (Shape{16, 3}));
  EXPECT_THAT(model.summary_text(), HasSubstr("body (Dense)"));
}

template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Compile, RefusesWhatDoesNotFitTheOutputs) {
  const auto compile = [](CompileConfig config) {
    return message([&] { Model(std::make_shared<TwoHeads>()).compile(std::move(config)); });
  };
  EXPECT_EQ(
      compile({.loss = {"mse", "mse", "mse"}}),
      "[compile, loss] The list does not fit the model's outputs. Expected 2 entries, one for "
      "each of \"small\", \"large\". Received 3 entries.");
  EXPECT_EQ(compile({.loss = {{"smal", "mse"}}}),
            "[compile, loss] The model has no output of this name. Expected \"small\", \"large\". "
            "Received \"smal\".");
  EXPECT_EQ(compile({.loss = "mse", .metrics = {"mae"}}),
            "[compile, metrics] The list does not fit the model's outputs. Expected 2 entries, "
            "one for each of \"small\", \"large\". Received 1 entries.");
  EXPECT_THAT(compile({.loss = {{"small", "mse"}, "mae"}}),
              HasSubstr("Some entries name an output"));
  EXPECT_THAT(compile({.loss = {{"small", "mse"}, {"small", "mae"}}}),
              HasSubstr("An output is named twice"));
  EXPECT_THAT(compile({.run_eagerly = true}),
              HasSubstr("`run_eagerly` is not supported: every step is traced, compiled and run as "
                        "one Program. Hint: name values with `tap` and read them with "
                        "FitOptions::on_taps."));
  EXPECT_THAT(compile({.steps_per_execution = 0}),
              HasSubstr("`steps_per_execution` must be positive"));
}

TEST(Compile, RefusesWhatDoesNotFitTheData) {
  Model model(std::make_shared<TwoHeads>());
  const HostTensor x = points(4), y = HostTensor::zeros({4, 1}, DType::float32);
  const FitOptions quiet{.verbose = 0};
  model.compile({.loss = "mse"});
  EXPECT_THAT(message([&] { model.fit(x, y, quiet); }),
              HasSubstr("The number of targets does not fit the model's outputs. Expected 2 "
                        "targets, one per output. Received 1."));
  FitOptions classes = quiet;
  classes.class_weight = {{0, 2.0}};
  EXPECT_EQ(message([&] {
              model.fit(x, {y, y}, classes);
            }),
            "[fit] `class_weight` is only for models with a single output. Received 2 targets. "
            "Hint: give `sample_weight` for each output instead.");
  FitOptions weights = quiet;
  weights.sample_weight = {y, y, y};
  EXPECT_THAT(message([&] {
                model.fit(x, {y, HostTensor::zeros({4, 3}, DType::float32)}, weights);
              }),
              HasSubstr("The weights of samples do not fit the model's outputs"));
  const HostTensors named{{"small", y}, {"wide", y}};
  EXPECT_THAT(message([&] { model.fit(x, named, quiet); }),
              HasSubstr("The model has nothing called \"wide\". Expected \"small\", \"large\""));
  model.compile({.loss = {}});
  EXPECT_THAT(message([&] { model.fit(x, {}, quiet); }), HasSubstr("There is no loss to compute"));
}

TEST(Compile, CallsBackOnceInSoManySteps) {
  Sequential model({Dense({.units = 1, .input_shape = {2}})});
  model.compile({.loss = "mse", .steps_per_execution = 3});
  std::vector<int64_t> begun, ended;
  LambdaCallback callback(
      {.on_train_batch_begin = [&](int64_t batch) { begun.push_back(batch); },
       .on_train_batch_end = [&](int64_t batch, const BatchLogs&) { ended.push_back(batch); }});
  model.fit(points(8), HostTensor::zeros({8, 1}, DType::float32),
            {.batch_size = 1, .verbose = 0, .callbacks = {callback}});
  EXPECT_THAT(begun, ElementsAre(0, 3, 6));
  EXPECT_THAT(ended, ElementsAre(2, 5, 7));
}

}  // namespace
}  // namespace danlu
