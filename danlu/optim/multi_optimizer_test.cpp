#include "danlu/optim/multi_optimizer.h"

#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/loss_scale.h"
#include "danlu/optim/registry.h"
#include "danlu/optim/sgd.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

Variable variable_at(const std::string& path) {
  Variable variable(Array({1.0, 2.0}), "kernel");
  variable.set_path(path);
  return variable;
}

std::vector<double> numbers(const Variable& v) { return v.value().to_vector<double>(); }

TEST(OptimizerMap, TakesThePathItselfThenTheOnlyExpressionThatMatchesAllOfIt) {
  const Optimizer adam = Adam(), sgd = SGD(), other = SGD();
  OptimizerMap map(other);
  map.set("encoder/layer_0/dense", adam);
  map.set("encoder/.*", sgd);
  map.set("decoder", adam);
  EXPECT_EQ(map.at("encoder/layer_0/dense"), adam);
  EXPECT_EQ(map.at("encoder/layer_0/query"), sgd);
  EXPECT_EQ(map.at("decoder/dense"), other);
  EXPECT_EQ(map.at("decoder"), adam);
  map.set(".*/query", adam);
  expect_error<ValueError>([&] { map.at("encoder/query"); },
                           "[OptimizerMap] Several keys match the variable 'encoder/query'. "
                           "Expected one at most. Received \"encoder/.*\", \".*/query\".");
  expect_error<ValueError>([&] { map.set("decoder", sgd); },
                           "[OptimizerMap] There is an optimizer for this key already. Received "
                           "\"decoder\".");
  expect_error<ValueError>([&] { map.set("(", sgd); },
                           "[OptimizerMap] This is no regular expression. Received \"(\".");
  expect_error<ValueError>(
      [&] {
        OptimizerMap(sgd, {{"a", LossScaleOptimizer(SGD())}});
      },
      "[OptimizerMap] This optimizer cannot be one of several. Expected an "
      "optimizer that moves variables itself. Received LossScaleOptimizer.");
}

TEST(MultiOptimizer, GivesEachVariableToItsOptimizer) {
  Variable a = variable_at("net/first/kernel"), b = variable_at("net/last/kernel");
  const MultiOptimizer multi(
      OptimizerMap(SGD({.learning_rate = 1.0}), {{".*/last/.*", SGD({.learning_rate = 0.5})}}));
  multi->apply(std::vector<Array>{Array({0.5, 0.5}), Array({1.0, 1.0})}, {a, b});
  EXPECT_EQ(numbers(a), (std::vector<double>{0.5, 1.5}));
  EXPECT_EQ(numbers(b), (std::vector<double>{0.5, 1.5}));
  EXPECT_EQ(multi->iterations(), 1);
  ASSERT_EQ(multi.optimizers().size(), 2u);
  for (const Optimizer& optimizer : multi.optimizers()) EXPECT_EQ(optimizer->iterations(), 1);
  multi.optimizers()[0]->set_learning_rate(0);
  multi->apply(std::vector<Array>{Array({0.5, 0.5}), Array({1.0, 1.0})}, {a, b});
  EXPECT_EQ(numbers(b), (std::vector<double>{0.5, 1.5}));
  expect_error<StateError>([&] { multi->learning_rate(); },
                           "[MultiOptimizer] There is no one learning rate. Hint: ask each of its "
                           "`optimizers()`.");
  EXPECT_THROW(multi->set_learning_rate(0.1), StateError);

  const Optimizer copy = optimizer_from_config("MultiOptimizer", multi->get_config());
  EXPECT_EQ(copy->get_config(), multi->get_config());
}

TEST(MultiOptimizer, AsksAFunctionOnceForEachVariable) {
  Variable a = variable_at("a"), b = variable_at("b"), c = variable_at("c");
  const Optimizer still = SGD({.learning_rate = 0.0}), moving = SGD({.learning_rate = 1.0});
  int asked = 0;
  const MultiOptimizer multi(
      [&](const Variable& v) {
        ++asked;
        return v.path() == "b" ? moving : still;
      },
      {.loss_scale_factor = 2.0});
  const std::vector<Array> grads(3, Array({1.0, 1.0}));
  multi->apply(grads, {a, b, c});
  multi->apply(grads, {a, b, c});
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(numbers(a), (std::vector<double>{1, 2}));
  EXPECT_EQ(numbers(b), (std::vector<double>{0, 1}));  // the loss was doubled
  EXPECT_THROW(multi->get_config(), UnsupportedError);
}

}  // namespace
}  // namespace danlu
