// Handwritten digits, read row by row with two LSTM layers.

#include <danlu/danlu.h>
#include <danlu/models/recipe.h>

#include <cstdio>

using namespace danlu;

int main() {
  set_random_seed(1);
  auto [train, test] = datasets::mnist();
  const auto rows = [](const DataSplit& images) {
    return recipes::with_one_hot_targets(recipes::as_rows(images, 10), 10);
  };

  Sequential model({
      LSTM({.units = 64, .return_sequences = true, .input_shape = {kNone, 10}}),
      LSTM({.units = 64}),
      Dense({.units = 10, .activation = "softmax"}),
  });
  model.compile({.optimizer = "adam", .loss = "categorical_crossentropy", .metrics = {"accuracy"}});
  model.fit(rows(train), {.epochs = 5, .batch_size = 64});
  std::printf("test accuracy %.4f\n", model.evaluate(rows(test))["accuracy"]);
}
