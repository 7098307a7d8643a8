// The course's convolutional network on the 70,000 images of Fashion-MNIST.

#include <danlu/danlu.h>

#include <cstdio>

using namespace danlu;

int main() {
  set_random_seed(1);
  auto [train, test] = datasets::fashion_mnist();

  Sequential model({
      Conv2D(
          {.filters = 32, .kernel_size = {3, 3}, .activation = "relu", .input_shape = {28, 28, 1}}),
      MaxPooling2D({.pool_size = {2, 2}}),
      Conv2D({.filters = 64, .kernel_size = {3, 3}, .activation = "relu"}),
      MaxPooling2D({.pool_size = {2, 2}}),
      Flatten(),
      Dense({.units = 128, .activation = "relu"}),
      Dense({.units = 10, .activation = "softmax"}),
  });
  model.summary();
  model.compile({.optimizer = Adam({.learning_rate = 1e-3}),
                 .loss = "sparse_categorical_crossentropy",
                 .metrics = {"accuracy"}});
  model.fit(train, {.epochs = 5, .batch_size = 64, .validation_split = 0.1});
  std::printf("test accuracy %.4f\n", model.evaluate(test)["accuracy"]);
  model.save_weights("clothes.safetensors");
}
