#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/activation.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/reshape.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::check_layer;
using testing::expect_error;

TEST(Dense, Layer) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Dense({.units = 3, .activation = "tanh", .dtype = dtype});
                   },
               .input_shape = {4, 5},
               .output_shape = {4, 3},
               .trainable_weights = 2,
               .params = 18});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Dense({.units = 2, .use_bias = false, .dtype = dtype});
                   },
               .input_shape = {2, 3, 4},
               .output_shape = {2, 3, 2},
               .trainable_weights = 1,
               .params = 8});
}

TEST(Dense, Errors) {
  clear_session();
  expect_error<ValueError>([] { Dense({.units = 0}); },
                           "[Dense 'dense'] `units` is too small. Expected an integer of at least "
                           "1. Received units=0.");
  const Dense layer({.units = 2});
  layer(zeros({3, 4}));
  expect_error<ShapeError>(
      [&] {
        layer(zeros({3, 5}));
      },
      "[Dense 'dense_1'] The input does not fit the weights. Expected axis -1 "
      "of length 4, as when the layer was built. Received (3, 5).");
  expect_error<ShapeError>([] { Dense({.units = 2, .name = "top"})(zeros({4})); },
                           "[Dense 'top'] The input has too few axes. Expected at least 2, the "
                           "batch axis included. Received (4,). Hint: the first axis counts "
                           "samples: reshape one sample to (1, …).");
  expect_error<ShapeError>(
      [] {
        Dense({.units = 2, .name = "top"})->ensure_built({kNone, kNone});
      },
      "[Dense 'top'] The weights depend on a dimension that is unknown. Expected a known length of "
      "axis -1. Received (None, None).");
  expect_error<ValueError>([] { Dense({.units = 2, .activation = "rleu"}); },
                           "[activation] There is no activation of this name. Expected one of "
                           "linear, relu, sigmoid, tanh, softmax, softplus, exponential,"
                           " relu6, leaky_relu, elu, celu, selu, gelu, silu, swish, glu,"
                           " mish, softsign, hard_sigmoid, hard_silu, hard_swish, "
                           "hard_tanh, hard_shrink, soft_shrink, tanh_shrink, "
                           "log_sigmoid, log_softmax, sparsemax, sparse_plus, "
                           "sparse_sigmoid, squareplus. Received "
                           "\"rleu\".");
  expect_error<ValueError>(
      [] { Dense({.units = 2, .name = "top", .dtype = "int32"}); },
      "[Dense 'top'] A layer cannot compute in this dtype. Expected "
      "\"float32\", \"float64\", \"bfloat16\", \"float16\", \"mixed_bfloat16\" or "
      "\"mixed_float16\". Received \"int32\".");
}

TEST(Flatten, Layer) {
  check_layer({.make = [](const std::string& dtype) { return Flatten({.dtype = dtype}); },
               .input_shape = {3, 4, 2},
               .output_shape = {3, 8}});
  EXPECT_EQ(Flatten()(zeros({3})).shape(), (Shape{3, 1}));
  EXPECT_EQ(Flatten()->compute_output_shape({kNone, kNone, 3}), (Shape{kNone, kNone}));
}

TEST(Reshape, Layer) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Reshape({.target_shape = {-1, 2}, .dtype = dtype});
                   },
               .input_shape = {3, 4, 3},
               .output_shape = {3, 6, 2}});
  expect_error<ShapeError>(
      [] {
        Reshape({.target_shape = {5}, .name = "r"})(zeros({2, 4}));
      },
      "[Reshape 'r'] A sample cannot take the target shape. Expected 4 "
      "elements, as in the input (2, 4). Received target_shape=(5,).");
  expect_error<ValueError>(
      [] {
        Reshape({.target_shape = {-1, -1}, .name = "r"});
      },
      "[Reshape 'r'] `target_shape` is no shape. Expected dimensions of at "
      "least 0, at most one of them −1. Received (-1, -1).");
}

TEST(Activation, Layers) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Activation({.activation = "softplus", .dtype = dtype});
                   },
               .input_shape = {3, 4},
               .output_shape = {3, 4}});
  check_layer(
      {.make =
           [](const std::string& dtype) {
             return ReLU(
                 {.max_value = 0.6, .negative_slope = 0.1, .threshold = 0.2, .dtype = dtype});
           },
       .input_shape = {3, 4},
       .output_shape = {3, 4}});
  check_layer(
      {.make = [](const std::string& dtype) { return Softmax({.axis = 1, .dtype = dtype}); },
       .input_shape = {3, 4, 2},
       .output_shape = {3, 4, 2}});
  const Activation custom(
      {.activation = ActivationFunction([](const Array& x) { return x * 2; }, "twice")});
  EXPECT_EQ(custom(Array({1.f, 2.f})).to_vector(), (std::vector<float>{2, 4}));
  expect_error<ValueError>([] { ReLU({.negative_slope = -1, .name = "r"}); },
                           "[ReLU 'r'] `negative_slope` must not be negative. Received "
                           "negative_slope=-1.");
}

TEST(Dropout, Layer) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Dropout({.rate = 0.4, .seed = 3, .dtype = dtype});
                   },
               .input_shape = {3, 4},
               .output_shape = {3, 4},
               .seed_states = 1,
               .deterministic_training = false});
  expect_error<ValueError>([] { Dropout({.rate = 1.5, .name = "d"}); },
                           "[Dropout 'd'] `rate` is out of range. Expected a number in [0, 1]. "
                           "Received rate=1.5.");
}

TEST(Dropout, KeepsTheMeanAndMovesItsStateOn) {
  const Dropout layer({.rate = 0.25, .seed = 7});
  const Array x = ones({200, 100});
  const auto first = layer(x, {.training = true}).to_vector();
  const auto second = layer(x, {.training = true}).to_vector();
  EXPECT_NE(first, second);
  double total = 0, zeros_seen = 0;
  for (const float v : first) {
    EXPECT_TRUE(v == 0 || std::abs(v - 1 / 0.75) < 1e-6) << v;
    total += v;
    zeros_seen += v == 0;
  }
  // 20,000 draws: four standard deviations are 0.012.
  EXPECT_NEAR(zeros_seen / 20'000, 0.25, 0.013);
  EXPECT_NEAR(total / 20'000, 1.0, 0.02);
  EXPECT_EQ(layer(x).to_vector(), x.to_vector());

  const Dropout again({.rate = 0.25, .seed = 7});
  EXPECT_EQ(again(x, {.training = true}).to_vector(), first);
  const Dropout all(1.0);
  EXPECT_EQ(sum(all(x, {.training = true})).item(), 0);
}

TEST(Input, DeclaresAShape) {
  const Input input({28, 28, 1});
  EXPECT_EQ(input(zeros({2, 28, 28, 1})).shape(), (Shape{2, 28, 28, 1}));
  EXPECT_EQ(Input({kNone, 3})->compute_output_shape({kNone, 7, 3}), (Shape{kNone, 7, 3}));
  expect_error<ShapeError>(
      [&] {
        Input({.shape = {4}, .name = "in"})(zeros({2, 5}));
      },
      "[InputLayer 'in'] The input does not have the declared shape. Expected "
      "(None, 4). Received (2, 5).");
  const Json config = input->get_config();
  EXPECT_EQ(layer_from_config("InputLayer", config)->get_config(), config);
}

TEST(Layer, ConfigsAreThoseOfKeras) {
  const Dense layer({.units = 10,
                     .activation = "softmax",
                     .kernel_initializer = initializers::RandomNormal({.stddev = 0.1, .seed = 4}),
                     .name = "top",
                     .input_shape = {4}});
  EXPECT_EQ(layer->get_config().dump(),
            R"({"units":10,"activation":"softmax","use_bias":true,"kernel_initializer":)"
            R"({"class_name":"RandomNormal","config":{"mean":0.0,"stddev":0.1,"seed":4}},)"
            R"("bias_initializer":{"class_name":"Zeros","config":{}},)"
            R"("kernel_regularizer":null,"bias_regularizer":null,"activity_regularizer":null,)"
            R"("kernel_constraint":null,"bias_constraint":null,"name":"top",)"
            R"("dtype":"float32","trainable":true,"input_shape":[4]})");
  EXPECT_THAT([] { layer_from_config("Dens", Json::object()); },
              ::testing::ThrowsMessage<ValueError>(::testing::AllOf(
                  ::testing::HasSubstr("There is no layer of this class. Expected one of"),
                  ::testing::HasSubstr(", Dense, "), ::testing::EndsWith("Received \"Dens\"."))));
}

}  // namespace
}  // namespace danlu
