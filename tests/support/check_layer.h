#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/random.h"
#include "danlu/ops/reduction.h"
#include "danlu/train/model.h"

namespace danlu::testing {

struct LayerCheck {
  /// A fresh layer of this dtype ("float32" or "float64").
  std::function<Layer(const std::string& dtype)> make;
  Shape input_shape;   ///< batch included, all known
  Shape output_shape;  ///< for that input
  int trainable_weights = 0;
  int64_t params = 0;
  int non_trainable_weights = 0;
  int seed_states = 0;
  bool deterministic_training = true;  ///< false: training draws random numbers
};

inline Array random_input(const Shape& shape, DType dtype, int64_t seed) {
  return random::uniform(Array(std::vector<int64_t>{seed, 0}), shape, -1, 1, dtype);
}

inline void expect_same(const Array& a, const Array& b, double tolerance) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(x[i], y[i], tolerance * (1 + std::abs(y[i]))) << "element " << i;
  }
}

/// Shapes with and without a known batch, dtypes, weights, and the config's way to JSON and back.
inline void check_layer_basics(const LayerCheck& check, const std::string& dtype) {
  const Layer layer = check.make(dtype);
  const Shape unknown = check.input_shape.with_dim(0, kNone);
  EXPECT_EQ(layer->compute_output_shape(unknown), check.output_shape.with_dim(0, kNone));
  EXPECT_FALSE(layer->built());
  const Array x = random_input(check.input_shape, dtype_from_name(dtype), 1);
  const Array y = layer(x);
  EXPECT_TRUE(layer->built());
  EXPECT_EQ(y.shape(), check.output_shape);
  EXPECT_EQ(layer->compute_output_shape(check.input_shape), check.output_shape);
  EXPECT_EQ(y.dtype(), dtype_from_name(dtype));
  EXPECT_EQ(layer(x, {.training = true}).shape(), check.output_shape);
  EXPECT_EQ(layer->trainable_weights().size(), check.trainable_weights);
  EXPECT_EQ(layer->non_trainable_weights().size(), check.non_trainable_weights);
  EXPECT_EQ(layer->non_trainable_variables().size(),
            check.non_trainable_weights + check.seed_states);
  EXPECT_EQ(layer->count_params(), check.params);
  for (const Variable& weight : layer.weights()) EXPECT_EQ(weight.dtype(), y.dtype());
  // Other floats are brought to the layer's dtype.
  const DType other = y.dtype() == DType::float32 ? DType::float64 : DType::float32;
  EXPECT_EQ(layer(cast(x, other)).dtype(), y.dtype());

  const Json config = layer->get_config();
  const Layer copy = layer_from_config(layer->type(), Json::parse(config.dump()));
  EXPECT_EQ(copy->get_config(), config);
  EXPECT_EQ(copy.name(), layer.name());
  copy->ensure_built(unknown);
  ASSERT_EQ(copy.weights().size(), layer.weights().size());
  for (size_t i = 0; i < layer.weights().size(); ++i) {
    copy.weights()[i].assign(layer.weights()[i]);
  }
  expect_same(copy(x), layer(x), 1e-6);  // plans of other sizes may round otherwise

  layer->set_trainable(false);
  EXPECT_EQ(layer->trainable_weights().size(), 0);
  EXPECT_EQ(layer->non_trainable_weights().size(),
            check.trainable_weights + check.non_trainable_weights);
}

/// Gradients of Σ y · c for the input and every weight, against central differences.
inline void check_layer_gradients(const LayerCheck& check) {
  const Layer layer = check.make("float64");
  const Array x = random_input(check.input_shape, DType::float64, 2);
  layer->ensure_built(check.input_shape.with_dim(0, kNone));
  const Array c = random_input(check.output_shape, DType::float64, 3);
  std::vector<Variable> cells = {Variable(x, "x")};
  for (const Variable& weight : layer.weights()) cells.push_back(weight);
  const auto total = [&] { return sum(layer(cells[0]) * c); };
  std::vector<Array> sources;
  for (const Variable& cell : cells) sources.push_back(cell);
  const std::vector<Array> grads = gradients(total(), sources);
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < cells.size(); ++i) {
    SCOPED_TRACE(cells[i].name());
    const auto grad = grads[i].to_vector<double>();
    const auto start = cells[i].value().to_vector<double>();
    const size_t stride = std::max<size_t>(1, start.size() / 12);
    for (size_t k = 0; k < start.size(); k += stride) {
      double ends[2];
      for (int side = 0; side < 2; ++side) {
        auto moved = start;
        moved[k] += side == 0 ? -kStep : kStep;
        cells[i].assign(Array(moved, cells[i].shape()));
        ends[side] = total().item<double>();
      }
      cells[i].assign(Array(start, cells[i].shape()));
      EXPECT_NEAR(grad[k], (ends[1] - ends[0]) / (2 * kStep), 1e-6) << "element " << k;
    }
  }
}

/// Two compiled SGD steps move the weights as the same steps done by hand, and lower the loss.
inline void check_layer_training(const LayerCheck& check) {
  const Layer layer = check.make("float64");
  std::vector<Layer> layers = {layer};
  Model model(std::make_shared<SequentialNetwork>(layers));
  model.network().ensure_built(check.input_shape.with_dim(0, kNone));
  const Array x = random_input(check.input_shape, DType::float64, 4).eval();
  const Array y = random_input(check.output_shape, DType::float64, 5).eval();
  std::vector<Array> values = model.get_weights();
  model.compile({.optimizer = "sgd", .loss = "mse"});
  const FitOptions options{.epochs = 2, .batch_size = check.input_shape[0], .verbose = 0};
  const History history = model.fit(x, y, options);
  EXPECT_EQ(history.epoch.size(), 2u);
  EXPECT_TRUE(std::isfinite(history.last("loss")));
  if (!check.deterministic_training) return;
  if (check.trainable_weights > 0) {
    EXPECT_LT(history.history.at("loss")[1], history.history.at("loss")[0]);
  }

  const Layer other = clone(layer);
  other->ensure_built(check.input_shape.with_dim(0, kNone));
  const std::vector<Variable> weights = other.weights();
  for (size_t i = 0; i < weights.size(); ++i) Variable(weights[i]).assign(values[i]);
  for (int step = 0; step < 2; ++step) {
    std::vector<Array> sources;
    for (const Variable& weight : weights) sources.push_back(weight);
    const Array loss = Loss("mse")(y, other(x, {.training = true}));
    const auto grads = gradients(loss, sources);
    for (size_t i = 0; i < weights.size(); ++i) {
      Variable(weights[i]).assign(weights[i] - grads[i] * 0.01);
    }
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    expect_same(model.weights()[i], weights[i], 1e-12);
  }
}

/// Everything a layer owes: shapes, dtypes, config, gradients, training.
inline void check_layer(const LayerCheck& check) {
  for (const char* dtype : {"float32", "float64"}) {
    SCOPED_TRACE(dtype);
    check_layer_basics(check, dtype);
  }
  check_layer_gradients(check);
  check_layer_training(check);
}

/// Runs `body` and checks the type and the text of what it throws.
template <class E, class Body>
void expect_error(Body&& body, const std::string& text) {
  try {
    body();
    ADD_FAILURE() << "nothing was thrown; expected: " << text;
  } catch (const E& error) {
    EXPECT_EQ(std::string(error.what()), text);
  }
}

}  // namespace danlu::testing
