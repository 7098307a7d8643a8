#include "danlu/nn/regularizers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/sgd.h"
#include "danlu/train/model.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

/// One unit without bias whose two weights are 2 and −3, on an input of zeros: the loss itself has
/// no gradient.
Sequential model_of(DenseConfig config) {
  config.units = 1;
  config.use_bias = false;
  config.dtype = "float64";
  config.input_shape = {2};
  Sequential model({Dense(config)});
  model.set_weights({Array(std::vector<double>{2, -3}, {2, 1})});
  model.compile({.optimizer = SGD({.learning_rate = 0.5}), .loss = "mse"});
  return model;
}

std::vector<double> weights_after_a_step(Sequential& model) {
  model.fit(zeros({1, 2}, DType::float64), zeros({1, 1}, DType::float64), {.verbose = 0});
  return model.get_weights()[0].to_vector<double>();
}

TEST(Regularizers, AddToTheLossAndItsGradient) {
  Sequential model = model_of({.kernel_regularizer = regularizers::L1L2({.l1 = 0.1, .l2 = 0.2})});
  const Array x = zeros({1, 2}, DType::float64), y = zeros({1, 1}, DType::float64);
  EXPECT_NEAR(model.evaluate(x, y, {.verbose = 0}).at("loss"), 0.1 * 5 + 0.2 * 13, 1e-6);
  const std::vector<double> after = weights_after_a_step(model);
  EXPECT_NEAR(after[0], 2 - 0.5 * (0.1 + 0.4 * 2), 1e-12);
  EXPECT_NEAR(after[1], -3 - 0.5 * (-0.1 - 0.4 * 3), 1e-12);

  model.layers()[0]->set_trainable(false);
  EXPECT_TRUE(model.network().losses().empty());
}

TEST(Constraints, HoldAfterEachStep) {
  Sequential positive = model_of({.kernel_constraint = "non_neg"});
  EXPECT_EQ(weights_after_a_step(positive), (std::vector<double>{2, 0}));
  Sequential unit = model_of({.kernel_constraint = constraints::UnitNorm()});
  const std::vector<double> after = weights_after_a_step(unit);
  EXPECT_NEAR(after[0], 2 / std::sqrt(13.0), 1e-6);
  EXPECT_NEAR(after[1], -3 / std::sqrt(13.0), 1e-6);
}

TEST(Regularizers, AreInTheConfigsOfLayers) {
  const Dense layer({.units = 2,
                     .kernel_regularizer = "l2",
                     .bias_regularizer = regularizers::OrthogonalRegularizer({.mode = "columns"}),
                     .kernel_constraint = constraints::MaxNorm({.max_value = 3})});
  const Json config = layer->get_config();
  EXPECT_EQ(config.at("kernel_regularizer").dump(), R"({"class_name":"L2","config":{"l2":0.01}})");
  EXPECT_TRUE(config.at("bias_constraint").is_null());
  EXPECT_EQ(clone(layer)->get_config(), config);
}

TEST(Regularizers, Errors) {
  expect_error<ValueError>(
      [] { Regularizer("l3"); },
      "[regularizer] There is no regularizer of this name. Expected one of l1, "
      "l2, l1_l2, orthogonal_regularizer. Received \"l3\".");
  expect_error<ValueError>([] { regularizers::L2({.l2 = -1}); },
                           "[L2] `l2` is out of range. Expected a number of at least 0. Received "
                           "l2=-1.");
  expect_error<ShapeError>([] { regularizers::OrthogonalRegularizer()(zeros({3})); },
                           "[OrthogonalRegularizer] The weight is no matrix. Expected 2 axes. "
                           "Received (3,).");
  expect_error<ValueError>([] { Constraint("nonneg"); },
                           "[constraint] There is no constraint of this name. Expected one of "
                           "max_norm, min_max_norm, non_neg, unit_norm. Received \"nonneg\".");
}

}  // namespace
}  // namespace danlu
