#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/activation.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/einsum_dense.h"
#include "danlu/nn/layers/embedding.h"
#include "danlu/nn/layers/identity.h"
#include "danlu/nn/layers/noise.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::check_layer;
using testing::expect_error;

TEST(EinsumDense, Layer) {
  check_layer({.make =
                   [](const std::string& t) {
                     return EinsumDense({.equation = "abc,cde->abde",
                                         .output_shape = {kNone, 2, 3},
                                         .activation = "tanh",
                                         .bias_axes = "de",
                                         .dtype = t});
                   },
               .input_shape = {2, 4, 5},
               .output_shape = {2, 4, 2, 3},
               .trainable_weights = 2,
               .params = 5 * 2 * 3 + 2 * 3});
  const Shape given = {kNone, 7, 8, 4};
  EXPECT_EQ(
      EinsumDense({.equation = "...b,bc->...c", .output_shape = {5}})->compute_output_shape(given),
      (Shape{kNone, 7, 8, 5}));
}

TEST(EinsumDense, Errors) {
  const auto make = [](const char* equation, const char* bias) {
    return [=] {
      EinsumDense({.equation = equation, .output_shape = {3}, .bias_axes = bias, .name = "e"});
    };
  };
  expect_error<ValueError>(make("ab->ac", "c"),
                           "[EinsumDense 'e'] `equation` has no form that the layer knows. "
                           "Expected \"ab,bc->ac\", \"...b,bc->...c\" or \"ab...,bc->ac...\". "
                           "Received \"ab->ac\".");
  expect_error<ValueError>(make("ab,bc->ad", "a"),
                           "[EinsumDense 'e'] A letter stands for no axis of the input or kernel. "
                           "Expected one of \"abbc\". Received 'd' in equation=\"ab,bc->ad\", "
                           "bias_axes=\"a\".");
  expect_error<ShapeError>(
      [] {
        EinsumDense({.equation = "ab,bc->ac", .output_shape = {3}, .name = "e"})(zeros({2, 3, 4}));
      },
      "[EinsumDense 'e'] The input does not fit the equation and the output's shape. Expected axes "
      "as in \"ab,bc->ac\" with output_shape=(3,). Received (2, 3, 4).");
}

TEST(Embedding, TakesRowsAndMasksZero) {
  const Embedding layer({.input_dim = 3, .output_dim = 2, .mask_zero = true});
  layer->ensure_built({kNone, 2});
  layer.weights()[0].assign(Array(std::vector<float>{0, 1, 2, 3, 4, 5}, Shape{3, 2}));
  const Array x(std::vector<int32_t>{2, 0}, Shape{1, 2});
  const LayerOutputs y = layer->apply({x});
  EXPECT_EQ(y.values[0].to_vector(), (std::vector<float>{4, 5, 0, 1}));
  EXPECT_EQ(cast(y.masks[0], DType::int32).to_vector<int32_t>(), (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(layer(Array(std::vector<float>{2.7f}, Shape{1, 1})).to_vector(),
            (std::vector<float>{4, 5}));
  EXPECT_THROW(layer(Array(std::vector<int32_t>{3}, Shape{1, 1})).eval(), ValueError);
  expect_error<ValueError>([] { Embedding({.input_dim = 3, .name = "e"}); },
                           "[Embedding 'e'] `output_dim` is too small. Expected an integer of at "
                           "least 1. Received output_dim=0.");
}

TEST(Masking, HidesStepsWhoseFeaturesAreAllTheValue) {
  check_layer({.make = [](const std::string& t) { return Masking({.mask_value = 9, .dtype = t}); },
               .input_shape = {2, 3, 2},
               .output_shape = {2, 3, 2}});
  const Array x(std::vector<float>{5, 5, 5, 1}, Shape{1, 2, 2});
  const LayerOutputs y = Masking({.mask_value = 5})->apply({x});
  EXPECT_EQ(y.values[0].to_vector(), (std::vector<float>{0, 0, 5, 1}));
  EXPECT_EQ(cast(y.masks[0], DType::int32).to_vector<int32_t>(), (std::vector<int32_t>{0, 1}));
}

TEST(Activations, Layers) {
  check_layer({.make = [](const std::string& t) { return LeakyReLU({.dtype = t}); },
               .input_shape = {3, 4},
               .output_shape = {3, 4}});
  check_layer({.make = [](const std::string& t) { return ELU({.alpha = 0.5, .dtype = t}); },
               .input_shape = {3, 4},
               .output_shape = {3, 4}});
  check_layer({.make =
                   [](const std::string& t) {
                     return PReLU({.alpha_initializer = "ones", .shared_axes = {1}, .dtype = t});
                   },
               .input_shape = {3, 4, 5},
               .output_shape = {3, 4, 5},
               .trainable_weights = 1,
               .params = 5});
  expect_error<ValueError>([] { PReLU({.shared_axes = 0, .name = "p"}); },
                           "[PReLU 'p'] `shared_axes` is too small. Expected an integer of at "
                           "least 1. Received shared_axes=0.");
  EXPECT_THROW(Softmax()->apply({zeros({2, 3, 4})}, {.masks = {ones({2, 3}, DType::bool_)}}),
               ShapeError);
}

TEST(ActivityRegularization, AddsToTheLossOfACall) {
  check_layer({.make =
                   [](const std::string& t) {
                     return ActivityRegularization({.l1 = 0.1, .l2 = 0.2, .dtype = t});
                   },
               .input_shape = {3, 4},
               .output_shape = {3, 4}});
  const ActivityRegularization layer({.l1 = 1, .l2 = 0.5});
  for (int call = 0; call < 2; ++call) {
    layer(Array(std::vector<float>{1, -2, 3, 0}, Shape{2, 2}));
    ASSERT_EQ(layer->losses().size(), 1u);
    EXPECT_NEAR(layer->losses()[0].item(), (6 + 0.5 * 14) / 2, 1e-6);
  }
  const Dense dense({.units = 1, .kernel_initializer = "ones", .activity_regularizer = "l2"});
  dense(Array(std::vector<float>{1, 2}, Shape{1, 2}));
  EXPECT_NEAR(dense->losses().at(0).item(), 0.01 * 9, 1e-6);
  const Layer copy = clone(dense);
  EXPECT_EQ(copy->activity_regularizer().class_name(), "L2");
}

TEST(Lambda, IsAFunctionAndNeverAConfig) {
  const Lambda layer([](const Array& x) { return concatenate({x, x * 2}, 1); });
  EXPECT_EQ(layer->compute_output_shape({kNone, 3}), (Shape{kNone, 6}));
  EXPECT_EQ(layer(Array(std::vector<float>{1, 2}, Shape{1, 2})).to_vector(),
            (std::vector<float>{1, 2, 2, 4}));
  EXPECT_THROW(layer->get_config(), UnsupportedError);
  EXPECT_THROW(layer_from_config("Lambda", Json::object()), UnsupportedError);
  const Lambda declared({.function =
                             [](const Array& x, const CallContext& context) {
                               return context.training ? x : sum(x, {-1}, true);
                             },
                         .output_shape = {1}});
  EXPECT_EQ(declared->compute_output_shape({kNone, 3}), (Shape{kNone, 1}));
}

TEST(Layer, RefusesSettingsItDoesNotHave) {
  EXPECT_EQ(layer_from_config("Dense", Json::parse(R"({"units":2,"quantization_config":null,
                                                       "lora_rank":null})"))
                ->type(),
            "Dense");
  expect_error<IoError>(
      [] { layer_from_config("RepeatVector", Json::parse(R"({"n":2,"lora_rank":4,"name":"r"})")); },
      "[RepeatVector > 'r'] The config has a setting that is not known: 'lora_rank'. Expected one "
      "of n, name, dtype, trainable, input_shape. Received 4.");
}

struct Noise {
  const char* name;
  Layer layer;
  double mean, deviation;  ///< of the output for ones
};

TEST(Noise, HasItsMeanAndDeviationAndMovesItsStateOn) {
  const Noise kinds[] = {
      {"SpatialDropout1D", SpatialDropout1D({.rate = 0.2, .seed = 1}), 1, std::sqrt(0.25)},
      {"GaussianDropout", GaussianDropout({.rate = 0.2, .seed = 2}), 1, std::sqrt(0.25)},
      {"GaussianNoise", GaussianNoise({.stddev = 0.4, .seed = 3}), 1, 0.4},
  };
  const Array x = ones({200, 2, 100});
  for (const Noise& noise : kinds) {
    SCOPED_TRACE(noise.name);
    const Array y = noise.layer(x, {.training = true});
    // 20,000 to 40,000 draws: five standard deviations of the mean.
    EXPECT_NEAR(mean(y).item(), noise.mean, 5 * noise.deviation / std::sqrt(20'000.0));
    EXPECT_NEAR(std::sqrt(var(y).item()), noise.deviation, 0.02);
    EXPECT_NE(noise.layer(x, {.training = true}).to_vector(), y.to_vector());
    EXPECT_EQ(clone(noise.layer)(x, {.training = true}).to_vector(), y.to_vector());
    EXPECT_EQ(noise.layer(x).to_vector(), x.to_vector());
    EXPECT_TRUE(noise.layer->supports_masking());
  }
}

TEST(Noise, AlphaDropoutKeepsMeanAndVarianceOfNormalNumbers) {
  const AlphaDropout layer({.rate = 0.3, .seed = 5});
  const Array x = random::normal(Array(std::vector<int64_t>{7, 0}), {200, 200});
  const Array y = layer(x, {.training = true});
  EXPECT_NEAR(mean(y).item(), 0, 0.03);
  EXPECT_NEAR(var(y).item(), 1, 0.05);
  const AlphaDropout shared({.rate = 0.5, .seed = 5, .noise_shape = {kNone, 1}});
  const auto rows = shared(ones({100, 3}), {.training = true}).to_vector();
  for (size_t i = 0; i < rows.size(); i += 3) {
    EXPECT_EQ(rows[i], rows[i + 1]);
    EXPECT_EQ(rows[i], rows[i + 2]);
  }
}

TEST(Noise, SpatialDropoutDropsWholeChannels) {
  const SpatialDropout2D layer({.rate = 0.5, .seed = 1, .data_format = "channels_first"});
  const auto y = layer(ones({4, 8, 2, 3}), {.training = true}).to_vector();
  for (size_t channel = 0; channel < 32; ++channel) {
    for (size_t i = 1; i < 6; ++i) EXPECT_EQ(y[channel * 6 + i], y[channel * 6]);
  }
  EXPECT_EQ(layer->get_config().dump(),
            R"({"rate":0.5,"seed":1,"data_format":"channels_first","name":")" + layer.name() +
                R"(","dtype":"float32"})");
}

TEST(Noise, Errors) {
  expect_error<ValueError>([] { GaussianDropout({.rate = 1, .name = "g"}); },
                           "[GaussianDropout 'g'] The noise would be infinite. Expected a rate "
                           "below 1. Received rate=1.");
  expect_error<ValueError>([] { GaussianNoise({.stddev = 2, .name = "g"}); },
                           "[GaussianNoise 'g'] `stddev` is out of range. Expected a number in [0, "
                           "1]. Received stddev=2.");
  expect_error<ShapeError>(
      [] {
        SpatialDropout2D({.rate = 0.5, .name = "s"})(zeros({2, 3, 4}));
      },
      "[SpatialDropout2D 's'] The input has the wrong number of axes. Expected (batch, height, "
      "width, channels). Received (2, 3, 4).");
}

}  // namespace
}  // namespace danlu
