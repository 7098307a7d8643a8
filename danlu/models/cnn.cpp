#include "danlu/models/recipe.h"
#include "danlu/nn/layers/convolution.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/pooling.h"

namespace danlu::recipes {

Recipe cnn() {
  return {
      .name = "cnn",
      .title = "Two convolutions and pooling, then two dense layers",
      .listing = "001_1",
      .description =
          "The course's convolutional network for gray images of 28 x 28 pixels in ten classes. "
          "The listing never defines its train_images; here they are Fashion-MNIST, divided by "
          "255.",
      .data = "fashion-mnist",
      .sample_shape = {28, 28, 1},
      .max_classes = 10,
      .epochs = 5,
      .batch_size = 64,
      .optimizer = "adam",
      .learning_rate = 0.001,
      .loss = "sparse_categorical_crossentropy",
      .metrics = {"accuracy"},
      .model = [] {
        return Sequential({
            Conv2D({.filters = 32,
                    .kernel_size = {3, 3},
                    .activation = "relu",
                    .input_shape = {28, 28, 1}}),
            MaxPooling2D({.pool_size = {2, 2}}),
            Conv2D({.filters = 64, .kernel_size = {3, 3}, .activation = "relu"}),
            MaxPooling2D({.pool_size = {2, 2}}),
            Flatten(),
            Dense({.units = 128, .activation = "relu"}),
            Dense({.units = 10, .activation = "softmax"}),
        });
      }};
}

}  // namespace danlu::recipes
