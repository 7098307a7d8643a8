#include "danlu/nn/keras_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/costs.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/merging.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/products.h"
#include "danlu/ops/sorting.h"
#include "danlu/train/model.h"

namespace danlu {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The classes and names of what stands between the inputs and `y`.
std::vector<std::string> classes(const Network& network) {
  std::vector<std::string> found;
  for (const Layer& layer : network.operations()) {
    if (layer->type() != "InputLayer") found.push_back(layer->type());
  }
  return found;
}

/// Runs `make` on tensors of a graph, and on arrays.
template <class Make>
void expect_same(const std::string& what, const std::vector<Array>& x, const Make& make) {
  std::vector<KerasTensor> inputs;
  for (const Array& one : x) {
    inputs.push_back(
        Input({.shape = one.shape().without_axis(0), .dtype = std::string(name(one.dtype()))}));
  }
  const auto y = make(inputs);
  FunctionalNetwork network(inputs, {y});
  const Array expected = make(x);
  const Array got = network.apply(x).values.at(0);
  EXPECT_EQ(got.spec(), expected.spec()) << what;
  EXPECT_EQ(got.to_vector<double>(), expected.to_vector<double>()) << what;
  EXPECT_EQ(y.dtype(), expected.dtype()) << what;
  EXPECT_EQ(y.shape().rank(), expected.rank()) << what;

  const auto copy = functional_from_config(Json::parse(network.get_config().dump()));
  EXPECT_EQ(copy->get_config(), network.get_config()) << what;
  EXPECT_EQ(copy->apply(x).values.at(0).to_vector<double>(), expected.to_vector<double>()) << what;
}

const Array kA = Array(std::vector<float>{-1, 0.5, 2, 3, -0.25, 4}, Shape{2, 3});
const Array kB = Array(std::vector<float>{2, -0.5, 1, 0.25, 8, -4}, Shape{2, 3});
const Array kSeries = reshape(arange(24.f) / 7, {2, 3, 4});

TEST(KerasOps, OperatorsAreWhatTheyAreOnArrays) {
  const auto with_two = [](const char* what, const auto& make) {
    expect_same(what, {kA, kB}, make);
  };
  with_two("+", [](const auto& x) { return x[0] + x[1]; });
  with_two("-", [](const auto& x) { return x[0] - x[1]; });
  with_two("*", [](const auto& x) { return x[0] * x[1]; });
  with_two("/", [](const auto& x) { return x[0] / x[1]; });
  with_two("negative", [](const auto& x) { return -(x[0] + x[1]); });
  with_two("numbers", [](const auto& x) { return 1 - x[0] * 2.5 + 3 / (x[1] - 1); });
  with_two("<", [](const auto& x) { return x[0] < x[1]; });
  with_two("<=", [](const auto& x) { return x[0] <= 2 && !(x[1] >= 0.25); });
  with_two(">", [](const auto& x) { return x[0] > x[1] || 1 > x[1]; });
  with_two("constant", [](const auto& x) { return x[0] * Array({1.f, 2.f, 3.f}) + x[1]; });
  with_two("power", [](const auto& x) { return power(square(x[0]), 0.5) + maximum(x[1], 0); });
  with_two("where", [](const auto& x) { return where(x[0] > x[1], x[0], -1.0); });
  with_two("clip", [](const auto& x) { return clip(x[0], -0.5, 2) + minimum(x[1], x[0]); });
  with_two("equal", [](const auto& x) { return cast(not_equal(x[0], x[1]), DType::int32) + 1; });
}

TEST(KerasOps, FunctionsAreWhatTheyAreOnArrays) {
  const auto with_one = [](const char* what, const auto& make) {
    expect_same(what, {kSeries}, [&](const auto& x) { return make(x[0]); });
  };
  with_one("activations", [](const auto& x) {
    return relu(x) + gelu(x) + silu(x) + leaky_relu(-x, 0.1) + elu(-x) + softplus(x) + sigmoid(x);
  });
  with_one("softmax", [](const auto& x) { return softmax(x, 1) + log_softmax(x); });
  with_one("mean", [](const auto& x) { return mean(x, {1}) + sum(x, {1}) + max(x, {1}); });
  with_one("keepdims", [](const auto& x) { return x - min(x, {1, 2}, true) + var(x, {-1}, true); });
  with_one("reshape", [](const auto& x) { return reshape(transpose(x, {0, 2, 1}), {-1, 6, 2}); });
  with_one("axes", [](const auto& x) { return squeeze(expand_dims(swapaxes(x, 1, 2), 1), 1); });
  with_one("parts", [](const auto& x) {
    return x[{Slice{}, Slice{0, 2}}] + x[{ellipsis, newaxis, 1, Slice{}}];
  });
  with_one("split", [](const auto& x) { return split(x, 2, 2)[1] - split(x, {1, 3}, 2)[1]; });
  with_one("arrange", [](const auto& x) {
    return roll(flip(x, {1}), {1}, {2}) + tile(x[{Slice{}, Slice{0, 1}}], {1, 3, 1});
  });
  with_one("repeat", [](const auto& x) {
    return repeat(pad(x, {{{0, 0}, {1, 0}, {0, 2}}}, 0.5), 2, 1);
  });
  with_one("take", [](const auto& x) { return take(x, Array({2, 0}), 1); });
  with_one("argmax", [](const auto& x) { return one_hot(argmax(x, 2), 4); });
  with_one("cumsum", [](const auto& x) { return cumsum(x, 1) + logsumexp(x, {2}, true); });
  with_one("top_k", [](const auto& x) { return top_k(x, 2).first; });
  expect_same("concatenate", {kA, kB}, [](const auto& x) { return concatenate({x[0], x[1]}, -1); });
  expect_same("stack", {kA, kB}, [](const auto& x) { return stack({x[0], x[1]}, 1); });
  expect_same("matmul", {kSeries, kSeries},
              [](const auto& x) { return matmul(x[0], swapaxes(x[1], 1, 2)); });
  expect_same("einsum", {kSeries, kSeries}, [](const auto& x) {
    return einsum("btf,btf->bt", {x[0], x[1]});
  });
}

TEST(KerasOps, UnknownDimensionsStayUnknown) {
  const KerasTensor x = Input({kNone, 4});
  EXPECT_EQ((x + 1).shape(), Shape({kNone, kNone, 4}));
  EXPECT_EQ(mean(x, {1}).shape(), Shape({kNone, 4}));
  EXPECT_EQ(concatenate({x, x}, 1).shape(), Shape({kNone, kNone, 4}));
  EXPECT_EQ(reshape(x, {-1, 2}).shape(), Shape({kNone, 2}));
  EXPECT_EQ((x[{Slice{}, 0}]).shape(), Shape({kNone, 4}));
  EXPECT_EQ((x > 0).dtype(), DType::bool_);
  EXPECT_EQ(argmax(x, 2).dtype(), DType::int32);
}

TEST(KerasOps, StandBetweenLayersAndAreNone) {
  const KerasTensor x = Input({.shape = {3}, .name = "x"});
  const KerasTensor h = Dense({.units = 3, .name = "h"})(x);
  const KerasTensor y = Add({.name = "layer"})({relu(h), x})[0] + h;
  Model model(x, y);
  EXPECT_EQ(model.layers().size(), 3u);
  EXPECT_EQ(classes(model.network()), (std::vector<std::string>{"Dense", "Relu", "Add", "Add"}));
  EXPECT_EQ(model.weights_map().size(), 2u);
  EXPECT_THAT(model.summary_text(), HasSubstr("(Relu)"));
  EXPECT_EQ(layer_costs(model.network()).size(), 5u);
  EXPECT_THROW(model.get_layer("relu"), ValueError);

  Model copy = clone_model(model);
  copy.set_weights(model.get_weights());
  EXPECT_EQ(copy(kA).to_vector(), model(kA).to_vector());
  model.compile({.optimizer = "sgd", .loss = "mse"});
  const History history = model.fit(kA, kB, {.epochs = 3, .verbose = 0});
  EXPECT_LT(history.last("loss"), history.history.at("loss")[0]);
}

/// The text of the error of class E that `body` throws.
template <class E, class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(KerasOps, MistakesNameTheOperation) {
  const KerasTensor a = Input({3}), b = Input({4});
  EXPECT_THAT(error_of<ShapeError>([&] { a + b; }),
              AllOf(HasSubstr("[Add 'add"), HasSubstr("inputs (None, 3) and (None, 4)")));
  EXPECT_THAT(error_of<ValueError>([&] {
                a + Array({INFINITY, 1.f, 2.f});
              }),
              HasSubstr("must be finite"));
  const std::string text = FunctionalNetwork({a}, {reshape(a, {-1, 3})}).get_config().dump();
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    return [other] { functional_from_config(Json::parse(other)); };
  };
  EXPECT_THAT(error_of<ValueError>(changed("ops.Reshape", "ops.Reshaper")),
              AllOf(HasSubstr("There is no operation of this class"), HasSubstr("Reshape, "),
                    HasSubstr("\"ops.Reshaper\"")));
  EXPECT_THAT(error_of<ValueError>(changed("newshape", "shape")),
              HasSubstr("The operation has no such setting. Expected newshape. Received "
                        "shape=[-1,3]."));
}

}  // namespace
}  // namespace danlu
