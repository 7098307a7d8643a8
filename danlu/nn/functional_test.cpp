#include "danlu/nn/functional.h"

#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/nn/layers/activation.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/input.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/train/model.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

std::vector<float> numbers(const Array& x) { return x.to_vector<float>(); }

/// Two inputs, two outputs; adds, and passes the mask of the second input on.
class PlusAndMinus final : public LayerImpl {
 public:
  PlusAndMinus() : LayerImpl("PlusAndMinus", {}) {}
  Json get_config() const override { return Json::object(); }
  std::vector<Array> compute_mask(const std::vector<Array>&,
                                  const std::vector<Array>& masks) const override {
    return {Array(), masks.size() > 1 ? masks[1] : Array()};
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_inputs(inputs, 2, 2);
    return {inputs[0], inputs[1]};
  }
  void build_inputs(const std::vector<Shape>&) override {}
  std::vector<Array> call_inputs(const std::vector<Array>& x, const CallContext&) override {
    return {x[0] + x[1], x[0] - x[1]};
  }
};

/// Counts the steps that its mask lets through, and adds the sum of its input to the loss.
class CountSteps final : public LayerImpl {
 public:
  CountSteps() : LayerImpl("CountSteps", {}) {}
  Json get_config() const override { return Json::object(); }

 private:
  Shape output_shape(const Shape& input) const override { return Shape{input[0], 1}; }
  Array call(const Array& x, const CallContext& context) override {
    add_loss(sum(x));
    const Array mask = context.mask();
    const Array steps = mask.defined() ? cast(mask, x.dtype()) : ones_like(x);
    return sum(steps, {.axis = 1, .keepdims = true});
  }
};

TEST(Functional, ComputesWhatItsLayersCompute) {
  const KerasTensor a = Input({3}), b = Input({3});
  const Layer twice = Dense({.units = 4, .activation = "tanh"});
  const Layer top = Dense({.units = 2});
  const KerasTensor left = twice(a);
  Model model({a, b}, {top(left), twice(b)});
  const Array x = ones({2, 3}), z = ones({2, 3}) * 0.5;
  const std::vector<Array> y = model({x, z});
  ASSERT_EQ(y.size(), 2u);
  EXPECT_EQ(numbers(y[0]), numbers(top(twice(x))));
  EXPECT_EQ(numbers(y[1]), numbers(twice(z)));
  EXPECT_EQ(model.weights().size(), 4u);
  EXPECT_EQ(model.layers().size(), 4u);
}

TEST(Functional, LayersOfSeveralInputsAndOutputs) {
  const KerasTensor a = Input({3}), b = Input({3});
  const Layer both(std::make_shared<PlusAndMinus>());
  const std::vector<KerasTensor> parts = both({a, b});
  FunctionalNetwork network({a, b}, {parts[1], parts[0]});
  const LayerOutputs y = network.apply({full({1, 3}, 5.0f), full({1, 3}, 2.0f)});
  EXPECT_EQ(numbers(y.values[0]), (std::vector<float>{3, 3, 3}));
  EXPECT_EQ(numbers(y.values[1]), (std::vector<float>{7, 7, 7}));
  EXPECT_EQ(network.connected_to(2),
            (std::vector<std::string>{parts[0].call().inputs[0].call().layer.name() + "[0][0]",
                                      b.call().layer.name() + "[0][0]"}));
}

TEST(Functional, MasksAndLossesPassThroughTheGraph) {
  const KerasTensor a = Input({3}), b = Input({3});
  const Layer both(std::make_shared<PlusAndMinus>());
  const Layer count(std::make_shared<CountSteps>());
  const std::vector<KerasTensor> parts = both({a, b});
  FunctionalNetwork network({a, b}, {count(parts[0]), count(parts[1])});
  const Array mask = Array({true, false, false});
  const Array x = ones({1, 3});
  const LayerOutputs y = network.apply({x, x}, {.masks = {Array(), reshape(mask, {1, 3})}});
  EXPECT_EQ(y.values[0].item(), 3);
  EXPECT_EQ(y.values[1].item(), 1);
  ASSERT_EQ(network.losses().size(), 2u);
  EXPECT_EQ(network.losses()[0].item() + network.losses()[1].item(), 6);
  network.apply({x, x});
  EXPECT_EQ(network.losses().size(), 2u);
}

TEST(Functional, CutsOutPartsOfAnother) {
  const KerasTensor x = Input({3});
  const Layer first = Dense({.units = 4}), second = Dense({.units = 5}),
              third = Dense({.units = 2});
  const KerasTensor hidden = first(x);
  Model whole(x, third(second(hidden)));
  Model tail(hidden, third(second(hidden)));
  EXPECT_EQ(tail.layers().size(), 3u);
  const Array z = ones({2, 4});
  EXPECT_EQ(numbers(tail(z)), numbers(third(second(z))));
  Model features(x, hidden);
  EXPECT_EQ(numbers(features(ones({1, 3}))), numbers(first(ones({1, 3}))));
}

TEST(Functional, IsALayerAndShares) {
  const KerasTensor x = Input({3});
  Model inner(x, Dense({.units = 3})(x), "inner");
  const KerasTensor z = Input({3});
  Model outer(z, inner(inner(z)));
  EXPECT_EQ(outer.weights().size(), 2u);
  EXPECT_EQ(named_weights(outer.network())[0].first, "inner/dense/kernel");
  outer.compile({.optimizer = "sgd", .loss = "mse"});
  const Array data = ones({8, 3});
  const double before = outer.evaluate(data, data, {.verbose = 0}).at("loss");
  outer.fit(data, data, {.epochs = 20, .verbose = 0});
  EXPECT_LT(outer.evaluate(data, data, {.verbose = 0}).at("loss"), before);
}

TEST(Functional, ConfigsAreThoseOfKeras) {
  const Json cases = Json::parse(read_file("tests/golden/functional.json"));
  for (const Json& one : cases.items()) {
    const Json& expected = one.at("config");
    SCOPED_TRACE(expected.at("name").as_string());
    const auto network = functional_from_config(expected);
    std::vector<std::string> names;
    for (const Layer& layer : network->layers()) names.push_back(layer.name());
    std::vector<std::string> wanted;
    for (const Json& name : one.at("layers").items()) wanted.push_back(name.as_string());
    EXPECT_EQ(names, wanted);
    std::vector<std::string> shapes;
    for (const Variable& weight : network->weights()) {
      Json dims = Json::array();
      for (int i = 0; i < weight.shape().rank(); ++i) dims.push_back(weight.shape()[i]);
      shapes.push_back(dims.dump());
    }
    std::vector<std::string> wanted_shapes;
    for (const Json& shape : one.at("weights").items()) wanted_shapes.push_back(shape.dump());
    EXPECT_EQ(shapes, wanted_shapes);
    std::vector<std::string> outputs;
    for (const Json& name : one.at("outputs").items()) outputs.push_back(name.as_string());
    EXPECT_EQ(network->output_names(), outputs);

    const Json config = network->get_config();
    EXPECT_EQ(config.at("output_layers").dump(), expected.at("output_layers").dump());
    EXPECT_EQ(config.at("input_layers").dump(), expected.at("input_layers").dump());
    for (const Json& layer : expected.at("layers").items()) {
      for (const Json& own : config.at("layers").items()) {
        if (own.at("name") != layer.at("name") || layer.at("class_name") == Json("InputLayer")) {
          continue;
        }
        ASSERT_EQ(own.at("inbound_nodes").size(), layer.at("inbound_nodes").size());
        for (size_t i = 0; i < own.at("inbound_nodes").size(); ++i) {
          EXPECT_EQ(own.at("inbound_nodes")[i].at("args").dump(),
                    layer.at("inbound_nodes")[i].at("args").dump());
        }
      }
    }
    const auto copy = functional_from_config(config);
    EXPECT_EQ(copy->get_config().dump(), config.dump());
  }
}

TEST(Functional, Errors) {
  const KerasTensor a = Input({3}), b = Input({4});
  const Layer dense = Dense({.units = 2, .name = "d"});
  const KerasTensor y = dense(a);
  expect_error<ValueError>(
      [&] { FunctionalNetwork({b}, {y}, "net"); },
      "[Functional 'net'] The outputs depend on an input that the model does not list. Received '" +
          a.call().layer.name() + "'. Hint: add it to the inputs of the model.");
  expect_error<ValueError>(
      [&] {
        FunctionalNetwork({a, a}, {y}, "net");
      },
      "[Functional 'net'] An input is listed twice. Received '" + a.call().layer.name() + "'.");
  EXPECT_THROW(dense(b), ShapeError);
  const Layer both(std::make_shared<PlusAndMinus>());
  EXPECT_THROW(both(a), ValueError);
  FunctionalNetwork network({a}, {y}, "net");
  EXPECT_THROW(network.apply({ones({2, 3}), ones({2, 3})}), ValueError);
  EXPECT_THROW(network(ones({2, 7})), ShapeError);
  EXPECT_THROW(functional_from_config(Json::object()), IoError);
  Json config = network.get_config();
  config.set("output_layers", Json::array({"nobody", 0, 0}));
  EXPECT_THROW(functional_from_config(config), IoError);
  config.set("output_layers", Json::array({"d", 5, 0}));
  EXPECT_THROW(functional_from_config(config), IoError);
}

}  // namespace
}  // namespace danlu
