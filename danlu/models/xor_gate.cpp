#include <vector>

#include "danlu/models/recipe.h"
#include "danlu/nn/layers/dense.h"

namespace danlu::recipes {
namespace {

/// Targets as float32 (n, columns), each the label of its sample.
DataSplit with_target_columns(const DataSplit& samples, int64_t columns) {
  const int64_t n = samples.size();
  HostTensor targets = HostTensor::empty({n, columns}, DType::float32);
  const auto out = targets.values<float>();
  const bool integers = samples.y.dtype() == DType::int32;
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    const float label = integers ? static_cast<float>(samples.y.values<int32_t>()[at])
                                 : samples.y.values<float>()[at];
    for (int64_t j = 0; j < columns; ++j) out[static_cast<size_t>(i * columns + j)] = label;
  }
  return {samples.x, std::move(targets), samples.divide_by};
}

Recipe listing_as_printed() {
  Recipe recipe = xor_gate();
  recipe.optimizer = "sgd";
  recipe.batch_size = 32;
  recipe.learning_rate = 0.01;
  recipe.metrics = {"binary_accuracy"};
  recipe.model = [] {
    return Sequential({Dense({.units = 2, .activation = "sigmoid", .input_shape = {2}})});
  };
  recipe.prepare = [](const DataSplit& samples) { return with_target_columns(samples, 2); };
  recipe.as_printed = nullptr;
  recipe.why_it_fails =
      "One layer splits the plane along one straight line per unit, and no line has (0, 0) and "
      "(1, 1) on one side and (0, 1) and (1, 0) on the other: at most 3 of 4 cases come out right, "
      "and the loss cannot fall below ln 2 = 0.6931. The listing also has two units for a target "
      "of one column: Keras 3 refuses that; here, as TensorFlow's older Keras did by broadcasting, "
      "each unit gets the same target. A hidden layer is what XOR needs: `danlu train xor`.";
  return recipe;
}

}  // namespace

Recipe xor_gate() {
  return {.name = "xor",
          .title = "Exclusive or, with one hidden layer",
          .listing = "004_2",
          .description =
              "The smallest problem that needs a hidden layer: 2-8-1 with tanh and sigmoid, plain "
              "gradient descent. The listing has a single layer of two units, which cannot learn "
              "it; `--as-printed` runs that one.",
          .data = "xor",
          .sample_shape = {2},
          .max_classes = 2,
          .epochs = 1000,
          .batch_size = 4,
          .optimizer = "sgd",
          .learning_rate = 0.5,
          .loss = "binary_crossentropy",
          .metrics = {"accuracy"},
          .model =
              [] {
                return Sequential({Dense({.units = 8, .activation = "tanh", .input_shape = {2}}),
                                   Dense({.units = 1, .activation = "sigmoid"})});
              },
          .prepare = [](const DataSplit& samples) { return with_target_columns(samples, 1); },
          .as_printed = listing_as_printed};
}

}  // namespace danlu::recipes
