#include "bench/models.h"

namespace danlu::bench {

Sequential cnn() {
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
  model.compile(
      {.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
  return model;
}

Sequential xor_network() {
  Sequential model({Dense({.units = 8, .activation = "tanh", .input_shape = {2}}),
                    Dense({.units = 1, .activation = "sigmoid"})});
  model.compile({.optimizer = SGD({.learning_rate = 0.5}), .loss = "binary_crossentropy"});
  return model;
}

double cnn_step_flops(int64_t batch) {
  const double first = 26. * 26 * 32 * 9;
  const double second = 11. * 11 * 64 * 9 * 32;
  const double dense = 1600. * 128 + 128. * 10;
  return 2 * static_cast<double>(batch) * (2 * first + 3 * second + 3 * dense);
}

DataSplit images(int64_t count) {
  HostTensor x = HostTensor::empty({count, 28, 28, 1}, DType::uint8);
  HostTensor y = HostTensor::empty({count}, DType::int32);
  auto pixels = x.values<uint8_t>();
  for (size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  auto labels = y.values<int32_t>();
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int32_t>(i % 10);
  return {x, y, 255};
}

DataSplit xor_samples() {
  return {HostTensor::from(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}),
          HostTensor::from(std::vector<float>{0, 1, 1, 0}, {4, 1})};
}

}  // namespace danlu::bench
