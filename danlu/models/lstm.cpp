#include <algorithm>

#include "danlu/core/array.h"
#include "danlu/models/recipe.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/recurrent.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"

namespace danlu::recipes {
namespace {

/// What share of each of `to` equal stretches of a line each of `from` stretches is.
Array mean_weights(int64_t from, int64_t to) {
  const double width = static_cast<double>(from) / static_cast<double>(to);
  std::vector<float> weights;
  for (int64_t i = 0; i < from; ++i) {
    for (int64_t j = 0; j < to; ++j) {
      const double begin = std::max(static_cast<double>(i), width * static_cast<double>(j));
      const double end = std::min(static_cast<double>(i + 1), width * static_cast<double>(j + 1));
      weights.push_back(static_cast<float>(std::max(0.0, end - begin) / width));
    }
  }
  return Array(weights, {from, to});
}

}  // namespace

DataSplit as_rows(const DataSplit& images, int64_t features) {
  const Shape& shape = images.x.shape();  // (n, height, width, 1)
  const Array pixels = cast(Array::from_buffer(images.x.buffer(), images.x.spec()), DType::float32);
  const Array rows = reshape(pixels, {shape[0], shape[1], shape[2]}) / images.divide_by;
  return {matmul(rows, mean_weights(shape[2], features)), images.y, 1, images.sample_weight};
}

Recipe lstm() {
  return {
      .name = "lstm",
      .title = "Handwritten digits read row by row with two LSTM layers",
      .listing = "001_2",
      .description =
          "The course's recurrent network: it takes sequences of any length with ten numbers "
          "in each step. The listing leaves its data undefined; here a digit is read from top "
          "to bottom, one row of pixels, averaged to ten numbers, in each step, and the "
          "network says which it was after the last. `--data fashion-mnist` works too.",
      .data = "mnist",
      .sample_shape = {28, 28, 1},
      .max_classes = 10,
      .epochs = 5,
      .batch_size = 64,
      .optimizer = "adam",
      .learning_rate = 0.001,
      .loss = "categorical_crossentropy",
      .metrics = {"accuracy"},
      .model =
          [] {
            return Sequential({
                LSTM({.units = 64, .return_sequences = true, .input_shape = {kNone, 10}}),
                LSTM({.units = 64}),
                Dense({.units = 10, .activation = "softmax"}),
            });
          },
      .prepare =
          [](const DataSplit& samples) { return with_one_hot_targets(as_rows(samples, 10), 10); }};
}

}  // namespace danlu::recipes
