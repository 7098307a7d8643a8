#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/recurrent.h"
#include "danlu/nn/layers/rnn.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"
#include "danlu/optim/sgd.h"
#include "danlu/train/custom_network.h"
#include "danlu/train/model.h"

namespace danlu {
namespace {

Model branches() {
  const KerasTensor a = Input({.shape = {2}, .name = "a"}), b = Input({.shape = {2}, .name = "b"});
  const Layer shared = Dense({.units = 3, .activation = "tanh", .name = "shared"});
  return Model({a, b}, {Dense({.units = 1, .name = "first"})(shared(a)),
                        Dense({.units = 2, .name = "second"})(shared(b))});
}

HostTensor numbers(int64_t rows, int64_t columns, float first) {
  std::vector<float> values;
  for (int64_t i = 0; i < rows * columns; ++i) {
    values.push_back(std::sin(first + 0.7F * static_cast<float>(i)));
  }
  return HostTensor::from(values, {rows, columns});
}

HostTensor first_column(const HostTensor& x) {
  const auto values = x.values<float>();
  std::vector<float> column;
  for (int64_t i = 0; i < x.shape()[0]; ++i) {
    column.push_back(values[static_cast<size_t>(i * x.shape()[1])]);
  }
  return HostTensor::from(column, {x.shape()[0], 1});
}

TEST(FunctionalModel, TakesItsInputsInOrderOrByName) {
  Model model = branches();
  const HostTensor a = numbers(5, 2, 0), b = numbers(5, 2, 1);
  const Predictions in_order = model.predict({a, b}, {.batch_size = 2});
  const Predictions by_name = model.predict(HostTensors{{"b", b}, {"a", a}}, {.batch_size = 3});
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(in_order.output(i).to_vector(), by_name.output(i).to_vector());
  }
  const Array xa = Array::from_buffer(a.buffer(), a.spec());
  const Array xb = Array::from_buffer(b.buffer(), b.spec());
  EXPECT_EQ(model.predict({xa, xb}).output(1).shape(), (Shape{5, 2}));
  EXPECT_THROW(model.predict(HostTensors{{"b", b}, {"c", a}}), ValueError);
}

TEST(FunctionalModel, IsClonedWithWeightsOfItsOwn) {
  Model model = branches();
  Model copy = clone_model(model);
  ASSERT_EQ(copy.weights().size(), model.weights().size());
  EXPECT_EQ(copy.layers().size(), model.layers().size());
  for (size_t i = 0; i < copy.layers().size(); ++i) {
    EXPECT_EQ(copy.get_layer(i).name(), model.get_layer(i).name());
    EXPECT_FALSE(copy.get_layer(i) == model.get_layer(i));
  }
  EXPECT_FALSE(copy.weights()[0] == model.weights()[0]);
  copy.set_weights(model.get_weights());
  const HostTensor a = numbers(3, 2, 0), b = numbers(3, 2, 1);
  EXPECT_EQ(copy.predict({a, b}).output(0).to_vector(),
            model.predict({a, b}).output(0).to_vector());
  EXPECT_THROW(model.get_layer(5), ValueError);
  EXPECT_THROW(model.get_layer("third"), ValueError);
}

TEST(FunctionalModel, SplitsAndShufflesItsSamplesTogether) {
  // Targets are columns of the inputs: only rows that belong together fit.
  Model model = branches();
  const HostTensor a = numbers(40, 2, 0), b = numbers(40, 2, 3);
  const HostTensor y = first_column(a), z = b;
  model.compile({.optimizer = SGD({.learning_rate = 0.2}), .loss = "mse"});
  const History history =
      model.fit({a, b}, {y, z},
                {.epochs = 30, .batch_size = 8, .verbose = 0, .validation_split = 0.25, .seed = 1});
  EXPECT_LT(history.last("loss"), 0.5 * history.history.at("loss")[0]);
  EXPECT_TRUE(history.history.contains("val_first_loss"));
  EXPECT_TRUE(history.history.contains("val_second_loss"));
}

/// An autoencoder whose decoder is the transpose of its encoder.
class Tied : public CustomNetwork {
 public:
  Tied() : CustomNetwork("Tied") {}
  Layer encoder = track(Dense({.units = 2, .use_bias = false, .name = "encoder"}));

 private:
  Array call(const Array& x, const CallContext& context) override {
    const Array code = encoder(x, context);
    return matmul(code, transpose(encoder.weights()[0]));
  }
};

TEST(FunctionalModel, MayUseAWeightTwice) {
  auto network = std::make_shared<Tied>();
  Model model(network);
  const HostTensor x = numbers(6, 4, 0);
  const Array values = Array::from_buffer(x.buffer(), x.spec());
  model(values);
  ASSERT_EQ(model.weights().size(), 1U);
  const Array kernel = model.get_weights()[0];
  // d/dW mean((x W Wᵀ − x)²) = 2/n · (xᵀ r W + rᵀ x W) with r = x W Wᵀ − x.
  const Array r = matmul(matmul(values, kernel), transpose(kernel)) - values;
  const Array grad = (2.0 / 24) * (matmul(transpose(values), matmul(r, kernel)) +
                                   matmul(transpose(r), matmul(values, kernel)));
  const std::vector<float> expected = (kernel - 0.5 * grad).to_vector();
  model.compile({.optimizer = SGD({.learning_rate = 0.5}), .loss = "mse"});
  model.fit(x, x, {.batch_size = 6, .verbose = 0});
  const std::vector<float> actual = model.get_weights()[0].to_vector();
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-6);
}

TEST(MixedPrecision, KeepsWeightsInFloat32AndComputesIn16Bits) {
  const KerasTensor x = Input({.shape = {3}, .name = "x"});
  const KerasTensor h = Dense({.units = 4, .dtype = "mixed_bfloat16"})(x);
  EXPECT_EQ(h.dtype(), DType::bfloat16);
  const Layer top = Dense({.units = 2, .name = "top", .dtype = "float32"});
  Model model(x, top(h));
  for (const Variable& weight : model.weights()) EXPECT_EQ(weight.dtype(), DType::float32);
  const Array y = model.predict(numbers(5, 3, 0));
  EXPECT_EQ(y.dtype(), DType::float32);
  EXPECT_EQ(model.get_layer(1)->get_config().at("dtype").as_string(), "mixed_bfloat16");
  Model copy = clone_model(model);
  EXPECT_EQ(copy.get_layer(1)->compute_dtype(), DType::bfloat16);

  const Array inputs = ones({5, 3});
  const Layer mixed = Dense({.units = 4, .dtype = "mixed_float16"});
  EXPECT_EQ(mixed(inputs).dtype(), DType::float16);
  EXPECT_EQ(mixed.weights()[0].value().dtype(), DType::float32);
}

TEST(MixedPrecision, WholePoliciesKeepWeightsIn16BitsToo) {
  for (const char* policy : {"bfloat16", "float16"}) {
    const DType dtype = dtype_from_name(policy);
    set_dtype_policy(policy);
    const KerasTensor x = Input({3});
    Model model(x, Dense({.units = 1})(Dense({.units = 4, .activation = "tanh"})(x)));
    set_dtype_policy("");
    EXPECT_EQ(x.dtype(), DType::float32);
    for (const Variable& weight : model.weights()) EXPECT_EQ(weight.dtype(), dtype);
    model.compile({.optimizer = SGD({.learning_rate = 0.1, .momentum = 0.5}), .loss = "mse"});
    const HostTensor inputs = numbers(16, 3, 0), y = first_column(inputs);
    const History history = model.fit(inputs, y, {.epochs = 20, .batch_size = 16, .verbose = 0});
    EXPECT_LT(history.last("loss"), 0.7 * history.history.at("loss")[0]);
    EXPECT_EQ(Array(model.predict(inputs)).dtype(), dtype);
    for (const Variable& weight : model.weights()) EXPECT_EQ(weight.dtype(), dtype);
  }
}

TEST(Stateful, LayersMakeTheirStatesForTheFirstBatch) {
  const auto model_of = [] {
    return Sequential({LSTM({.units = 3, .stateful = true, .name = "lstm"}), Dense({.units = 1})});
  };
  const HostTensor x = HostTensor::from(std::vector<float>(4 * 5 * 2, 0.5f), {4, 5, 2});
  Sequential model = model_of();
  const std::vector<float> first = Array(model.predict(x)).to_vector();
  const std::vector<float> second = Array(model.predict(x)).to_vector();
  EXPECT_NE(first, second);
  reset_state(model.get_layer("lstm"));
  EXPECT_EQ(Array(model.predict(x)).to_vector(), first);
  EXPECT_THROW(model.predict(x.slice(0, 3)), ValueError);

  Sequential trained = model_of();
  trained.compile({.optimizer = SGD({.learning_rate = 0.1}), .loss = "mse"});
  const HostTensor y = HostTensor::from(std::vector<float>(4, 1.f), {4, 1});
  const History history = trained.fit(x, y, {.epochs = 30, .batch_size = 4, .verbose = 0});
  EXPECT_LT(history.last("loss"), 0.5 * history.history.at("loss")[0]);
  EXPECT_EQ(trained.network().non_trainable_variables().size(), 2u);
}

TEST(MixedPrecision, HasAGlobalPolicyWhoseLossIsScaled) {
  set_dtype_policy("mixed_float16");
  EXPECT_EQ(dtype_policy().compute_dtype, DType::float16);
  Sequential model(
      {Dense({.units = 4, .activation = "tanh", .input_shape = {3}}), Dense({.units = 1})});
  set_dtype_policy("");
  EXPECT_EQ(dtype_policy().name, "float32");
  model.compile({.optimizer = SGD({.learning_rate = 0.1}), .loss = "mse"});
  EXPECT_EQ(model.optimizer().type(), "LossScaleOptimizer");
  const HostTensor x = numbers(16, 3, 0), y = first_column(x);
  const History history = model.fit(x, y, {.epochs = 20, .batch_size = 16, .verbose = 0});
  EXPECT_LT(history.last("loss"), 0.7 * history.history.at("loss")[0]);
  model.compile(
      {.optimizer = SGD({.learning_rate = 0.1}), .loss = "mse", .auto_scale_loss = false});
  EXPECT_EQ(model.optimizer().type(), "SGD");
  EXPECT_THROW(set_dtype_policy("mixed_int8"), ValueError);
}

}  // namespace
}  // namespace danlu
