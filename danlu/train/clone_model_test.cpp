#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/danlu.h"

namespace danlu {
namespace {

using ::testing::HasSubstr;

/// A layer of a class that no config names.
class Twice final : public LayerImpl {
 public:
  Twice() : LayerImpl("Twice", {}) {}
  Json get_config() const override { return Json::object({{"name", name()}}); }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override { return x * 2; }
};

Model with_own_layer() {
  const KerasTensor x = Input({.shape = {3}, .name = "x"});
  const KerasTensor y = Dense({.units = 3, .name = "d"})(x);
  return Model(x, relu(Layer(std::make_shared<Twice>())(y)) + x, "net");
}

Layer own_or_clone(const Layer& layer) {
  return layer->type() == "Twice" ? Layer(std::make_shared<Twice>()) : clone(layer);
}

TEST(CloneModel, SaysThatLayersOfOnesOwnNeedACloneFunction) {
  const Model model = with_own_layer();
  try {
    clone_model(model);
    ADD_FAILURE();
  } catch (const ValueError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[Twice 'twice"));
    EXPECT_THAT(error.what(), HasSubstr("clone_function"));
  }
  Model copy = clone_model(model, {.clone_function = own_or_clone});
  copy.set_weights(model.get_weights());
  const Array x = Array(std::vector<float>{1, -2, 3}, Shape{1, 3});
  EXPECT_EQ(copy(x).to_vector(), model(x).to_vector());
  EXPECT_FALSE(copy.get_layer("d") == model.get_layer("d"));
  EXPECT_EQ(copy.name(), "net");
}

TEST(CloneModel, CallsLayersAsTold) {
  const Model model = with_own_layer();
  const Model copy = clone_model(
      model, {.clone_function = own_or_clone,
              .call_function = [](const Layer& layer, const std::vector<KerasTensor>& inputs,
                                  const SymbolicArguments& arguments) {
                std::vector<KerasTensor> outputs = layer(inputs, arguments);
                if (layer->type() == "Dense") outputs[0] = Dropout({.rate = 0.5})(outputs[0]);
                return outputs;
              }});
  EXPECT_EQ(copy.layers().size(), model.layers().size() + 1);
  const Sequential row({Dense({.units = 2, .input_shape = {3}})});
  EXPECT_THROW(clone_model(row, {.call_function = [](const Layer& layer, const auto& inputs,
                                                     const auto&) { return layer(inputs); }}),
               ValueError);
}

TEST(CloneModel, NetworksInsideWholeOrLayerByLayer) {
  const Sequential inner({Dense({.units = 3, .name = "inside", .input_shape = {3}})}, "inner");
  const Sequential model({Input({3}), inner, Dense({.units = 2, .name = "top"})});
  int seen = 0;
  const auto counting = [&](const Layer& layer) {
    ++seen;
    return clone(layer);
  };
  const Model whole = clone_model(model, {.clone_function = counting});
  EXPECT_EQ(seen, 2);
  const Model each = clone_model(model, {.clone_function = counting, .recursive = true});
  EXPECT_EQ(seen, 4);
  EXPECT_EQ(each.weights().size(), 4u);
  EXPECT_FALSE(each.weights()[0] == whole.weights()[0]);
}

TEST(CloneModel, SharedLayersAndFrozenOnesStaySo) {
  const KerasTensor x = Input({3});
  const Layer shared = Dense({.units = 3, .trainable = false});
  const Model model(x, shared(shared(x)));
  const Model copy = clone_model(model);
  EXPECT_EQ(copy.weights().size(), 2u);
  EXPECT_TRUE(copy.trainable_weights().empty());
}

class Own : public CustomNetwork {
 public:
  Own() : CustomNetwork("Own") {}
  Layer inner = track(Dense({.units = 2}));
  Array call(const Array& x, const CallContext& context) override { return inner(x, context); }
};

TEST(CloneModel, NetworksOfOnesOwnAreNotCloned) {
  const Model model(std::make_shared<Own>());
  EXPECT_THROW(clone_model(model), ValueError);
}

}  // namespace
}  // namespace danlu
