#include <gtest/gtest.h>

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/layers/batch_normalization.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/normalization.h"
#include "danlu/nn/layers/spectral_normalization.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::check_layer;
using testing::expect_error;

TEST(BatchNormalization, Layer) {
  check_layer(
      {.make = [](const std::string& dtype) { return BatchNormalization({.dtype = dtype}); },
       .input_shape = {4, 5},
       .output_shape = {4, 5},
       .trainable_weights = 2,
       .params = 20,
       .non_trainable_weights = 2});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return BatchNormalization({.axis = 1, .momentum = 0.8, .dtype = dtype});
                   },
               .input_shape = {3, 2, 4, 3},
               .output_shape = {3, 2, 4, 3},
               .trainable_weights = 2,
               .params = 8,
               .non_trainable_weights = 2});
}

TEST(BatchNormalization, StatisticsFollowTheBatchOnlyWhileTraining) {
  const BatchNormalization layer({.momentum = 0.5});
  const Array x(std::vector<float>{1, 3}, Shape{2, 1});
  layer(x);
  EXPECT_EQ(layer.weights()[2].value().to_vector(), (std::vector<float>{0}));
  const auto y = layer(x, {.training = true}).to_vector();
  EXPECT_NEAR(y[0], -1 / std::sqrt(1.001), 1e-6);
  EXPECT_EQ(layer.weights()[2].value().to_vector(), (std::vector<float>{1}));
  EXPECT_EQ(layer.weights()[3].value().to_vector(), (std::vector<float>{1}));
  layer->set_trainable(false);
  layer(x, {.training = true});
  EXPECT_EQ(layer.weights()[2].value().to_vector(), (std::vector<float>{1}));
}

TEST(BatchNormalization, Errors) {
  expect_error<ValueError>(
      [] { BatchNormalization({.synchronized = true, .name = "b"}); },
      "[BatchNormalization 'b'] There is one device, so statistics cannot be "
      "synchronized. Expected synchronized=false. Received synchronized=true.");
  expect_error<ValueError>(
      [] {
        BatchNormalization(
            {.renorm = true, .renorm_clipping = RenormClipping{.rmax = 1, .rmin = 2}, .name = "b"});
      },
      "[BatchNormalization 'b'] `renorm_clipping` lets no number through. Expected rmin ≤ rmax. "
      "Received rmin=2, rmax=1.");
  expect_error<ShapeError>(
      [] {
        BatchNormalization({.axis = 2, .name = "b"})(zeros({2, 3}));
      },
      "[BatchNormalization 'b' > axis] The axis is out of range. Expected an axis "
      "from -2 to 1. Received 2.");
}

TEST(Normalization, Layers) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return LayerNormalization({.axis = {1, 2}, .dtype = dtype});
                   },
               .input_shape = {4, 3, 5},
               .output_shape = {4, 3, 5},
               .trainable_weights = 2,
               .params = 30});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return GroupNormalization({.groups = 2, .dtype = dtype});
                   },
               .input_shape = {2, 3, 6},
               .output_shape = {2, 3, 6},
               .trainable_weights = 2,
               .params = 12});
  check_layer({.make = [](const std::string& dtype) { return RMSNormalization({.dtype = dtype}); },
               .input_shape = {4, 5},
               .output_shape = {4, 5},
               .trainable_weights = 1,
               .params = 5});
  check_layer({.make = [](const std::string& dtype) { return UnitNormalization({.dtype = dtype}); },
               .input_shape = {4, 5},
               .output_shape = {4, 5}});
}

TEST(SpectralNormalization, Layer) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return SpectralNormalization(
                         {.layer = Dense({.units = 3, .name = "inside", .dtype = dtype}),
                          .power_iterations = 2,
                          .dtype = dtype});
                   },
               .input_shape = {4, 5},
               .output_shape = {4, 3},
               .trainable_weights = 2,
               .params = 5 * 3 + 3 + 3,
               .non_trainable_weights = 1});
}

TEST(SpectralNormalization, DividesForTheCallAlone) {
  const Dense inside({.units = 2, .use_bias = false});
  const SpectralNormalization layer({.layer = inside, .power_iterations = 20});
  const Array x(std::vector<float>{1, 0, 0, 1}, Shape{2, 2});
  layer(x);
  inside.weights()[0].assign(Array(std::vector<float>{4, 0, 0, 2}, Shape{2, 2}));
  ASSERT_EQ(layer.weights(), (std::vector<Variable>{inside.weights()[0], layer.weights()[1]}));
  layer.weights()[1].assign(Array(std::vector<float>{1, 1}, Shape{1, 2}));
  const auto y = layer(x, {.training = true}).to_vector();
  EXPECT_NEAR(y[0], 1, 1e-4);
  EXPECT_NEAR(y[3], 0.5, 1e-4);
  EXPECT_NE(layer.weights()[1].value().to_vector(), (std::vector<float>{1, 1}));
  EXPECT_EQ(inside.weights()[0].value().to_vector(), (std::vector<float>{4, 0, 0, 2}));
  EXPECT_EQ(layer(x).to_vector(), (std::vector<float>{4, 0, 0, 2}));
  inside.weights()[0].assign(zeros({2, 2}));
  EXPECT_EQ(layer(x, {.training = true}).to_vector(), (std::vector<float>(4, 0)));
}

TEST(SpectralNormalization, Errors) {
  expect_error<ValueError>([] { SpectralNormalization({.name = "s"}); },
                           "[SpectralNormalization 's'] `layer` is missing.");
  expect_error<ValueError>(
      [] {
        SpectralNormalization({.layer = UnitNormalization({.name = "u"}), .name = "s"})(
            zeros({2, 3}));
      },
      "[SpectralNormalization 's'] The layer has no weight to normalize. Expected a layer with a "
      "`kernel` or `embeddings`. Received UnitNormalization 'u'.");
}

TEST(Normalization, Errors) {
  expect_error<ShapeError>(
      [] {
        GroupNormalization({.groups = 4, .name = "g"})(zeros({2, 6}));
      },
      "[GroupNormalization 'g'] `groups` must divide the channels. Expected a "
      "multiple of 4 channels along axis -1. Received (2, 6).");
  expect_error<ValueError>([] { GroupNormalization({.groups = 0, .name = "g"}); },
                           "[GroupNormalization 'g'] `groups` is too small. Expected an integer of "
                           "at least 1. Received groups=0.");
  expect_error<ValueError>(
      [] {
        LayerNormalization({.axis = {1, -1}, .name = "n"})(zeros({2, 6}));
      },
      "[LayerNormalization 'n'] An axis is named twice. Expected different axes. Received "
      "axis=(1, -1) for an input of shape (2, 6).");
}

}  // namespace
}  // namespace danlu
