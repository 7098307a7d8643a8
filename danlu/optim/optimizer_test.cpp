#include "danlu/optim/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/compile/bound_step.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/elementwise.h"
#include "danlu/optim/accumulating.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/adam_variants.h"
#include "danlu/optim/ftrl.h"
#include "danlu/optim/loss_scale.h"
#include "danlu/optim/muon.h"
#include "danlu/optim/registry.h"
#include "danlu/optim/schedules.h"
#include "danlu/optim/sgd.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

std::vector<double> numbers(const Variable& variable) {
  return variable.value().to_vector<double>();
}

Variable variable_of(std::vector<double> values) { return Variable(Array(values), "w"); }

TEST(Optimizer, NamesAndErrors) {
  EXPECT_EQ(Optimizer("adam")->type(), "Adam");
  EXPECT_EQ(Optimizer("sgd")->learning_rate(), 0.01);
  EXPECT_EQ(Optimizer("SGD")->name(), "sgd");
  expect_error<ValueError>([] { Optimizer("adamm"); },
                           "[optimizer] There is no optimizer of this name. Expected one of sgd, "
                           "rmsprop, adam, adamw, adadelta, adagrad, adamax, adafactor, nadam, "
                           "ftrl, lion, lamb, muon, schedulefreeadamw. Received \"adamm\".");
  expect_error<ValueError>([] { SGD({.learning_rate = -0.1}); },
                           "[SGD] The learning rate must not be negative. Received "
                           "learning_rate=-0.1.");
  expect_error<ValueError>([] { SGD({.momentum = 1.5}); },
                           "[SGD] `momentum` is out of range. Expected a number in [0, 1]. "
                           "Received momentum=1.5.");
  expect_error<ValueError>([] { Adam({.beta_1 = 1}); },
                           "[Adam] `beta_1` is out of range. Expected a number in [0, 1). Received "
                           "beta_1=1.");
  expect_error<ValueError>([] { Adam({.clipnorm = 1, .clipvalue = 1}); },
                           "[Adam] Gradients can be clipped in one way only. Expected one of "
                           "clipnorm, clipvalue and global_clipnorm. Received "
                           "clipnorm=1, clipvalue=1.");
  expect_error<ValueError>([] { Adam({.clipnorm = 0}); },
                           "[Adam] A clip bound must be positive. Received clipnorm=0.");
  const SGD sgd;
  const std::vector<Array> none;
  expect_error<ValueError>([&] { sgd->apply(none, {variable_of({1})}); },
                           "[SGD] Each variable needs one gradient. Expected 1 gradients. Received "
                           "0.");
  sgd->build({variable_of({1})});
  expect_error<StateError>(
      [&] {
        sgd->build({variable_of({1}), variable_of({2})});
      },
      "[SGD] The optimizer was built for other variables. Expected the 1 "
      "variables of before. Received 2 variables. Hint: compile again with a "
      "new optimizer.");
}

TEST(Optimizer, DecaysWeightsBeforeTheStep) {
  Variable w = variable_of({1, -2});
  const SGD sgd({.learning_rate = 0.5, .weight_decay = 0.1});
  const std::vector<Array> grads = {Array({1.0, 1.0})};
  sgd->apply(grads, {w});
  EXPECT_EQ(numbers(w), (std::vector<double>{1 - 0.05 - 0.5, -2 + 0.1 - 0.5}));
}

TEST(Optimizer, GlobalNormSpansVariablesAndShowsBrokenGradients) {
  Variable a = variable_of({0}), b = variable_of({0});
  const SGD sgd({.learning_rate = 1, .global_clipnorm = 1});
  const std::vector<Array> grads = {Array({3.0}), Array({4.0})};
  sgd->apply(grads, {a, b});
  EXPECT_NEAR(numbers(a)[0], -0.6, 1e-15);
  EXPECT_NEAR(numbers(b)[0], -0.8, 1e-15);
  const std::vector<Array> broken = {Array({INFINITY * 1.0}), Array({4.0})};
  sgd->apply(broken, {a, b});
  EXPECT_TRUE(std::isnan(numbers(b)[0]));
}

TEST(Optimizer, AmsgradKeepsTheGreatestVelocity) {
  const auto run = [](bool amsgrad) {
    Variable w = variable_of({0});
    const Adam adam({.learning_rate = 0.1, .beta_1 = 0, .beta_2 = 0.5, .amsgrad = amsgrad});
    for (const double g : {10.0, 0.1, 0.1, 0.1, 0.1, 0.1}) {
      const std::vector<Array> grads = {Array({g})};
      adam->apply(grads, {w});
    }
    return numbers(w)[0];
  };
  double v = 0, greatest = 0, plain = 0, kept = 0;
  int t = 0;
  for (const double g : {10.0, 0.1, 0.1, 0.1, 0.1, 0.1}) {
    v += (g * g - v) * 0.5;
    greatest = std::max(greatest, v);
    const double rate = 0.1 * std::sqrt(1 - std::pow(0.5, ++t));
    plain -= g * rate / (std::sqrt(v) + 1e-7);
    kept -= g * rate / (std::sqrt(greatest) + 1e-7);
  }
  EXPECT_NEAR(run(false), plain, 1e-12);
  EXPECT_NEAR(run(true), kept, 1e-12);
}

TEST(Optimizer, IsAPureFunctionOfItsVariables) {
  Variable w = variable_of({1, 2});
  const SGD sgd({.learning_rate = 0.1, .momentum = 0.9});
  sgd->build({w});
  std::vector<Array> slots;
  for (const Variable& slot : sgd->variables()) slots.push_back(slot);
  const std::vector<Array> grads = {Array({1.0, 1.0})};
  const auto [values, new_slots] = sgd->stateless_apply(slots, grads, {w.value()});
  EXPECT_EQ(values[0].to_vector<double>(), (std::vector<double>{0.9, 1.9}));
  EXPECT_EQ(new_slots[0].item<int64_t>(), 1);
  EXPECT_EQ(new_slots[2].to_vector<double>(), (std::vector<double>{-0.1, -0.1}));
  EXPECT_EQ(numbers(w), (std::vector<double>{1, 2}));
  EXPECT_EQ(sgd->iterations(), 0);
  EXPECT_EQ(sgd->count_params(), 4);
}

TEST(Optimizer, OptionsOutOfRangeAreRefused) {
  expect_error<ValueError>([] { SGD({.ema_momentum = 1.5}); },
                           "[SGD] `ema_momentum` is out of range. Expected a number in [0, 1]. "
                           "Received ema_momentum=1.5.");
  expect_error<ValueError>([] { SGD({.gradient_accumulation_steps = 1}); },
                           "[SGD] `gradient_accumulation_steps` is too small. Expected an integer "
                           "of at least 2. Received gradient_accumulation_steps=1.");
  expect_error<ValueError>([] { RMSprop({.rho = 1}); },
                           "[RMSprop] `rho` is out of range. Expected a number in [0, 1). Received "
                           "rho=1.");
  expect_error<ValueError>([] { Lion({.beta_1 = 0}); },
                           "[Lion] `beta_1` is out of range. Expected a number in (0, 1]. Received "
                           "beta_1=0.");
  expect_error<ValueError>([] { Ftrl({.learning_rate_power = 0.5}); },
                           "[Ftrl] `learning_rate_power` has the wrong sign. Expected a number of "
                           "at most 0. Received learning_rate_power=0.5.");
  expect_error<ValueError>([] { AdamW({.weight_decay = {}}); },
                           "[AdamW] There is no weight decay. Expected a number as "
                           "`weight_decay`. Hint: Adam works without one.");
  expect_error<ValueError>([] { Muon({.exclude_layers = {"("}}); },
                           "[Muon] This is no regular expression. Received \"(\".");
  expect_error<ValueError>([] { LossScaleOptimizer(SGD(), {.initial_scale = 0}); },
                           "[LossScaleOptimizer] The scale must be positive. Received "
                           "initial_scale=0.");
  const SGD sgd;
  sgd->build({variable_of({1})});
  expect_error<StateError>([&] { sgd->exclude_from_weight_decay({}, {"bias"}); },
                           "[SGD] The optimizer is built already. Hint: call "
                           "exclude_from_weight_decay before the first step.");
  expect_error<ValueError>([] { optimizer_from_config("Adams", Json::object()); },
                           "[optimizer_from_config] There is no optimizer of this class. Expected "
                           "one of SGD, RMSprop, Adam, AdamW, Adadelta, Adagrad, Adamax, "
                           "Adafactor, Nadam, Ftrl, Lion, Lamb, Muon, ScheduleFreeAdamW, "
                           "LossScaleOptimizer, MultiOptimizer. Received \"Adams\".");
}

TEST(Optimizer, VariablesBecomeTheirAveragesAtTheEnd) {
  Variable w = variable_of({0});
  const SGD sgd({.learning_rate = 1, .use_ema = true, .ema_momentum = 0.5});
  for (int i = 0; i < 3; ++i) sgd->apply(std::vector<Array>{Array({1.0})}, {w});
  EXPECT_EQ(numbers(w), (std::vector<double>{-3}));
  sgd->finalize_variable_values({w});  // −1, then halfway to −2, then halfway to −3
  EXPECT_EQ(numbers(w), (std::vector<double>{-2.25}));
}

TEST(Optimizer, ExcludedVariablesDoNotDecay) {
  Variable a(Array({1.0}), "kernel"), b(Array({1.0}), "bias"), c(Array({1.0}), "gamma");
  const SGD sgd({.learning_rate = 1, .weight_decay = 0.5});
  sgd->exclude_from_weight_decay({c}, {"^bi"});
  const std::vector<Array> zero(3, Array({0.0}));
  sgd->apply(zero, {a, b, c});
  EXPECT_EQ(numbers(a)[0], 0.5);
  EXPECT_EQ(numbers(b)[0], 1);
  EXPECT_EQ(numbers(c)[0], 1);
}

TEST(Optimizer, ScalesTheLossItUnscales) {
  const Array loss = Array::scalar(3.0, DType::float64);
  EXPECT_EQ(SGD()->scale_loss(loss).item<double>(), 3);
  EXPECT_EQ(SGD({.loss_scale_factor = 8})->scale_loss(loss).item<double>(), 24);
  const LossScaleOptimizer scaled(SGD({.learning_rate = 1}), {.initial_scale = 4});
  EXPECT_EQ(scaled->scale_loss(loss).item<double>(), 12);
  Variable w = variable_of({0});
  scaled->apply(std::vector<Array>{Array({NAN * 1.0})}, {w});
  EXPECT_EQ(numbers(w)[0], 0);
  EXPECT_EQ(scaled->iterations(), 0);
  EXPECT_EQ(scaled->scale_loss(loss).item<double>(), 6);
  scaled->apply(std::vector<Array>{Array({2.0})}, {w});
  EXPECT_EQ(numbers(w)[0], -1);
  EXPECT_EQ(scaled->learning_rate(), 1);
}

TEST(Schedules, FollowTheirFormulas) {
  const auto at = [](const LearningRate& rate, double step) {
    return rate(Array::scalar(step, DType::float64)).item<double>();
  };
  const schedules::ExponentialDecay exponential(
      {.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5});
  EXPECT_NEAR(at(exponential, 0), 0.1, 1e-15);
  EXPECT_NEAR(at(exponential, 5), 0.1 * std::sqrt(0.5), 1e-15);
  const schedules::ExponentialDecay stairs(
      {.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5, .staircase = true});
  EXPECT_NEAR(at(stairs, 9), 0.1, 1e-15);
  EXPECT_NEAR(at(stairs, 10), 0.05, 1e-15);
  const schedules::InverseTimeDecay inverse(
      {.initial_learning_rate = 0.1, .decay_steps = 2, .decay_rate = 3});
  EXPECT_NEAR(at(inverse, 4), 0.1 / 7, 1e-15);
  const schedules::CosineDecay cosine(
      {.initial_learning_rate = 0.2, .decay_steps = 100, .alpha = 0.1});
  EXPECT_NEAR(at(cosine, 25), 0.2 * (0.9 * 0.5 * (1 + std::cos(std::numbers::pi / 4)) + 0.1),
              1e-15);
  EXPECT_NEAR(at(cosine, 1000), 0.02, 1e-15);
  const schedules::CosineDecay warm(
      {.initial_learning_rate = 0, .decay_steps = 100, .warmup_target = 0.4, .warmup_steps = 10});
  EXPECT_NEAR(at(warm, 5), 0.2, 1e-15);
  EXPECT_NEAR(at(warm, 10), 0.4, 1e-15);
  EXPECT_NEAR(at(warm, 60), 0.2, 1e-15);
  EXPECT_NEAR(at(warm, 110), 0, 1e-15);
  expect_error<ValueError>([] { schedules::CosineDecay({.decay_steps = 0}); },
                           "[CosineDecay] `decay_steps` must be positive. Received "
                           "decay_steps=0.");
}

TEST(Schedules, WarmUpAndOneCycleFollowTheirFormulas) {
  const auto at = [](const LearningRate& rate, double step) {
    return rate(Array::scalar(step, DType::float64)).item<double>();
  };
  const schedules::WarmUp plain({.learning_rate = 0.4, .warmup_steps = 4});
  EXPECT_NEAR(at(plain, 1), 0.1, 1e-15);
  EXPECT_NEAR(at(plain, 4), 0.4, 1e-15);
  EXPECT_NEAR(at(plain, 40), 0.4, 1e-15);
  LearningRate warm = 0.0;
  from_json(to_json(schedules::WarmUp(
                {.learning_rate = schedules::ExponentialDecay(
                     {.initial_learning_rate = 0.2, .decay_steps = 1, .decay_rate = 0.5}),
                 .warmup_steps = 2,
                 .initial_learning_rate = 0.1})),
            warm);
  EXPECT_NEAR(at(warm, 0), 0.1, 1e-15);
  EXPECT_NEAR(at(warm, 1), 0.15, 1e-15);
  EXPECT_NEAR(at(warm, 4), 0.05, 1e-15);
  const auto half = [](double p) { return 0.5 * (1 + std::cos(std::numbers::pi * p)); };
  const schedules::OneCycle cycle({.max_learning_rate = 1, .total_steps = 20});
  const double first = 1.0 / 25, last = first / 1e4;
  EXPECT_NEAR(at(cycle, 0), first, 1e-15);
  EXPECT_NEAR(at(cycle, 2), 1 + (first - 1) * half(2.0 / 5), 1e-15);
  EXPECT_NEAR(at(cycle, 5), 1, 1e-15);
  EXPECT_NEAR(at(cycle, 12), last + (1 - last) * half(7.0 / 14), 1e-15);
  EXPECT_NEAR(at(cycle, 19), last, 1e-15);
  EXPECT_NEAR(at(cycle, 30), last, 1e-15);
  const schedules::OneCycle lines(
      {.max_learning_rate = 1, .total_steps = 10, .pct_start = 0.5, .anneal_strategy = "linear"});
  EXPECT_NEAR(at(lines, 1), first + (1 - first) / 4, 1e-15);
  EXPECT_NEAR(at(lines, 9), last, 1e-15);
  expect_error<ValueError>([] { schedules::OneCycle({.total_steps = 2, .pct_start = 0.3}); },
                           "[OneCycle] `pct_start` is out of range. Expected less than 1, and more "
                           "than one step of the total. Received pct_start=0.3, total_steps=2.");
  expect_error<ValueError>(
      [] {
        LearningRate rate = 0.0;
        from_json(Json::parse(R"({"class_name": "Rise", "config": {}})"), rate);
      },
      "[learning rate] There is no schedule of this class. Expected one of ExponentialDecay, "
      "InverseTimeDecay, PolynomialDecay, PiecewiseConstantDecay, CosineDecay, "
      "CosineDecayRestarts, WarmUp, OneCycle. Received \"Rise\".");
}

TEST(Schedules, DriveTheStepAndCannotBeSet) {
  Variable w = variable_of({0});
  const SGD sgd({.learning_rate = schedules::ExponentialDecay(
                     {.initial_learning_rate = 1, .decay_steps = 1, .decay_rate = 0.5})});
  const std::vector<Array> grads = {Array({1.0})};
  for (int i = 0; i < 3; ++i) sgd->apply(grads, {w});
  EXPECT_NEAR(numbers(w)[0], -1.75, 1e-15);
  EXPECT_NEAR(sgd->learning_rate(), 0.125, 1e-15);
  expect_error<StateError>([&] { sgd->set_learning_rate(0.1); },
                           "[SGD] The learning rate follows a schedule and cannot be set. Received "
                           "ExponentialDecay. Hint: give the optimizer a number as learning_rate.");
}

TEST(Optimizer, ALearningRateOfItsOwnEachStepCompilesOnce) {
  Variable w(Array({1.f, 2.f}), "w");
  const Adam adam;
  adam->build({w});
  std::vector<Variable> state = adam->variables();
  state.push_back(w);
  BoundStep step(state, {{{2}, DType::float32}}, [&](std::span<const Array> inputs) {
    const std::vector<Array> grads = {inputs[0]};
    adam->apply(grads, {w});
    return std::vector<Array>{};
  });
  const HostTensor grad = HostTensor::from(std::vector<float>{1, -1});
  const HostTensor inputs[] = {grad};
  step.run(std::span<const HostTensor>(inputs));
  const CacheStatistics before = cache_statistics();
  for (int i = 1; i <= 100; ++i) {
    adam->set_learning_rate(0.001 * i);
    step.run(std::span<const HostTensor>(inputs));
  }
  EXPECT_EQ(cache_statistics().misses, before.misses);
  EXPECT_EQ(adam->iterations(), 101);
  // A constant gradient moves each weight by the learning rate: 0.001 (1 + Σ i).
  EXPECT_NEAR(w.value().to_vector<double>()[0], 1 - 0.001 * (1 + 5050), 2e-3);
}

}  // namespace
}  // namespace danlu
