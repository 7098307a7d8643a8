// Handwritten digits with one convolution and one-hot targets, measured after each epoch.

#include <danlu/danlu.h>

#include <cstdio>

using namespace danlu;

int main() {
  set_random_seed(1);
  auto [train, test] = datasets::mnist();
  const Dataset digits = Dataset(train, {.one_hot = 10}).shuffle(1).batch(128).prefetch();
  const Dataset unseen = Dataset(test, {.one_hot = 10}).batch(128);

  Sequential model({
      Conv2D(
          {.filters = 32, .kernel_size = {3, 3}, .activation = "relu", .input_shape = {28, 28, 1}}),
      MaxPooling2D({.pool_size = {2, 2}}),
      Flatten(),
      Dense({.units = 128, .activation = "relu"}),
      Dense({.units = 10, .activation = "softmax"}),
  });
  model.compile({.optimizer = "adam", .loss = "categorical_crossentropy", .metrics = {"accuracy"}});
  for (int epoch = 1; epoch <= 10; ++epoch) {
    model.fit(digits, {.epochs = epoch, .initial_epoch = epoch - 1});
    std::printf("epoch %d: test accuracy %.4f\n", epoch, model.evaluate(unseen)["accuracy"]);
  }
}
