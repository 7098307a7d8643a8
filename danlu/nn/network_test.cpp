#include "danlu/nn/network.h"

#include <gtest/gtest.h>

#include <sstream>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/convolution.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/pooling.h"
#include "danlu/nn/summary.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

std::vector<Layer> cnn_layers() {
  return {Input({28, 28, 1}),
          Conv2D({.filters = 32, .kernel_size = 3, .activation = "relu"}),
          MaxPooling2D(),
          Conv2D({.filters = 64, .kernel_size = 3, .activation = "relu"}),
          MaxPooling2D(),
          Flatten(),
          Dense({.units = 128, .activation = "relu"}),
          Dense({.units = 10, .activation = "softmax"})};
}

TEST(Variables, HaveThePathsOfKeras) {
  const auto paths = [](const LayerImpl& layer) {
    std::vector<std::string> all;
    for (const Variable& weight : layer.weights()) all.push_back(weight.path());
    return all;
  };
  const Layer inner(std::make_shared<SequentialNetwork>(
      std::vector<Layer>{Dense({.units = 2, .use_bias = false, .name = "deep"})}, "inner"));
  const SequentialNetwork outer({Input({3}), Dense({.units = 4, .name = "front"}), inner}, "outer");
  EXPECT_EQ(paths(outer), (std::vector<std::string>{"outer/front/kernel", "outer/front/bias",
                                                    "outer/inner/deep/kernel"}));
  const Layer alone = Dense({.units = 1, .use_bias = false, .name = "alone"});
  alone(zeros({2, 3}));
  EXPECT_EQ(paths(*alone.impl()), std::vector<std::string>{"alone/kernel"});
  EXPECT_EQ(Variable(zeros({}), "loose").path(), "loose");
}

TEST(Summary, IsTheTableOfKeras) {
  clear_session();
  const SequentialNetwork network(cnn_layers());
  EXPECT_EQ(summary_text(network) + "\n", read_file("tests/golden/cnn_summary.txt"));
  EXPECT_EQ(
      summary_text(network, {.optimizer_params = 450'070, .optimizer_bytes = 1'800'280}) + "\n",
      read_file("tests/golden/cnn_summary_trained.txt"));
}

TEST(Summary, WrapsLongNamesAndShowsWhatIsFrozen) {
  clear_session();
  for (const char* name : {"Sequential", "MaxPooling2D", "MaxPooling2D", "Flatten"}) {
    automatic_name(name);
  }
  const SequentialNetwork network(cnn_layers());
  network.layers()[0]->set_trainable(false);
  EXPECT_EQ(summary_text(network, {.show_trainable = true}) + "\n",
            read_file("tests/golden/cnn_summary_frozen.txt"));
}

TEST(Summary, OfWhatIsNotBuilt) {
  const SequentialNetwork network({Dense({.units = 3, .name = "d"})}, "net");
  EXPECT_NE(summary_text(network).find("│ d (Dense)                       │ ?                      "
                                       "│   0 (unbuilt) │"),
            std::string::npos)
      << summary_text(network);
  EXPECT_EQ(readable_bytes(0), "0.00 B");
  EXPECT_EQ(readable_bytes(1024), "1.00 KB");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-123), "-123");
}

TEST(SequentialNetwork, DataIsNamedByItsInput) {
  const std::vector<std::string> named = {"features"}, unnamed = {"input"};
  EXPECT_EQ(SequentialNetwork({Input({.shape = Shape{4}, .name = "features"}), Dense({.units = 3})})
                .input_names(),
            named);
  EXPECT_EQ(SequentialNetwork({Dense({.units = 3})}).input_names(), unnamed);
}

TEST(Network, NamesItsWeightsByClassOrByGivenName) {
  automatic_name("Dense");
  const SequentialNetwork network(
      {Input({4}), Dense({.units = 3}), Dense({.units = 2}), Dense({.units = 1, .name = "top"})});
  std::vector<std::string> names;
  for (const auto& [name, weight] : named_weights(network)) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"dense/kernel", "dense/bias", "dense_1/kernel",
                                             "dense_1/bias", "top/kernel", "top/bias"}));
  EXPECT_EQ(network.count_params(), 15 + 8 + 3);
}

TEST(Network, IsALayerOfAnother) {
  const auto inner = std::make_shared<SequentialNetwork>(
      std::vector<Layer>{Dense({.units = 3}), Dropout(0.5)}, "inner");
  SequentialNetwork outer({Input({4}), Layer(inner), Dense({.units = 2})});
  EXPECT_EQ(outer.count_params(), 15 + 8);
  EXPECT_EQ(outer.trainable_weights().size(), 4);
  EXPECT_EQ(outer.non_trainable_variables().size(), 1);
  EXPECT_EQ(named_weights(outer)[0].first, "inner/dense/kernel");
  EXPECT_EQ(outer(ones({5, 4})).shape(), (Shape{5, 2}));
  inner->set_trainable(false);
  EXPECT_EQ(outer.trainable_weights().size(), 2);
  EXPECT_EQ(outer.non_trainable_variables().size(), 3);
}

TEST(Network, IsAPureFunction) {
  SequentialNetwork network({Input({3}), Dense({.units = 4}), Dropout({.rate = 0.5, .seed = 1})});
  std::vector<Array> params, state;
  for (const Variable& v : network.trainable_weights()) params.push_back(v);
  for (const Variable& v : network.non_trainable_variables()) state.push_back(v);
  const Array x = ones({2, 3});
  const auto [y, new_state] = stateless_call(network, params, state, x, {.training = true});
  const auto [same, other] = stateless_call(network, params, state, x, {.training = true});
  EXPECT_EQ(y.to_vector(), same.to_vector());
  EXPECT_NE(new_state[0].to_vector<int64_t>(), state[0].to_vector<int64_t>());
  EXPECT_EQ(network.non_trainable_variables()[0].value().to_vector<int64_t>(),
            state[0].to_vector<int64_t>());

  const auto loss = [&](const std::vector<Array>& p) {
    const auto [output, next] = stateless_call(network, p, state, x);
    return std::pair{sum(output), next};
  };
  const auto [value, aux, grads] = value_and_grad(loss, {.has_aux = true})(params);
  EXPECT_EQ(grads[0].to_vector(), std::vector<float>(12, 2));
  EXPECT_EQ(grads[1].to_vector(), std::vector<float>(4, 2));
  EXPECT_EQ(aux.size(), 1u);
  expect_error<ValueError>([&] { stateless_call(network, {}, state, x); },
                           "[" + network.where() +
                               "] The number of parameters does not match the network. Expected 2. "
                               "Received 0.");
}

TEST(Network, Errors) {
  expect_error<ValueError>(
      [] {
        SequentialNetwork({Dense({.units = 1, .name = "a"}), Dense({.units = 1, .name = "a"})},
                          "net");
      },
      "[Sequential 'net'] Two layers have the same name. Received \"a\". Hint: give each layer its "
      "own `name`, or none.");
  expect_error<ShapeError>(
      [] {
        SequentialNetwork({Input({8, 8, 1}), Dense({.units = 4, .name = "d"}),
                           Conv2D({.filters = 2, .kernel_size = 9, .name = "c"})},
                          "net");
      },
      "[Sequential 'net' > Conv2D 'c'] The window is larger than the input, so no output would be "
      "left. Expected at least 9 rows and columns under the window. Received (None, 8, 8, 4), "
      "strides of 1, padding=\"valid\". Hint: "
      "use a smaller window, fewer pooling layers or padding=\"same\".");
}

}  // namespace
}  // namespace danlu
