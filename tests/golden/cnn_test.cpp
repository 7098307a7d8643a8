#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/compile/bound_step.h"
#include "danlu/nn/layers/convolution.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/pooling.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/adam.h"
#include "danlu/train/model.h"
#include "danlu/train/steps.h"
#include "tests/golden/golden.h"

namespace danlu {
namespace {

uint64_t splitmix64(uint64_t x) {
  uint64_t z = x + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Sequential make_cnn(const std::string& dtype) {
  return Sequential({
      Conv2D({.filters = 32,
              .kernel_size = {3, 3},
              .activation = "relu",
              .dtype = dtype,
              .input_shape = {28, 28, 1}}),
      MaxPooling2D({.pool_size = {2, 2}, .dtype = dtype}),
      Conv2D({.filters = 64, .kernel_size = {3, 3}, .activation = "relu", .dtype = dtype}),
      MaxPooling2D({.pool_size = {2, 2}, .dtype = dtype}),
      Flatten({.dtype = dtype}),
      Dense({.units = 128, .activation = "relu", .dtype = dtype}),
      Dense({.units = 10, .activation = "softmax", .dtype = dtype}),
  });
}

Sequential make_mnist_cnn(const std::string& dtype) {
  return Sequential({
      Conv2D({.filters = 32,
              .kernel_size = {3, 3},
              .activation = "relu",
              .dtype = dtype,
              .input_shape = {28, 28, 1}}),
      MaxPooling2D({.pool_size = {2, 2}, .dtype = dtype}),
      Flatten({.dtype = dtype}),
      Dense({.units = 128, .activation = "relu", .dtype = dtype}),
      Dense({.units = 10, .activation = "softmax", .dtype = dtype}),
  });
}

/// Norm, sum, dot products with sign vectors and a sample: together they see every element.
void expect_fingerprint(const std::vector<double>& values, const golden::File& file,
                        const std::string& prefix, size_t step, double tolerance) {
  const auto entry = [&](const char* key, size_t width) {
    const auto all = file.values(prefix + "/" + key);
    return std::vector<double>(all.begin() + step * width, all.begin() + (step + 1) * width);
  };
  const double norm = entry("norm", 1)[0];
  const size_t count = values.size();
  double squares = 0, total = 0;
  std::array<double, 4> dots{};
  for (size_t i = 0; i < count; ++i) {
    squares += values[i] * values[i];
    total += values[i];
    for (size_t s = 0; s < dots.size(); ++s) {
      const bool negative = splitmix64((uint64_t{s} << 32) + i) >> 63;
      dots[s] += negative ? -values[i] : values[i];
    }
  }
  const double cancelling = tolerance * norm * std::sqrt(double(count));
  EXPECT_NEAR(std::sqrt(squares), norm, tolerance * norm) << prefix;
  EXPECT_NEAR(total, entry("sum", 1)[0], cancelling) << prefix;
  const auto expected_dots = entry("dots", 4);
  for (size_t s = 0; s < 4; ++s) EXPECT_NEAR(dots[s], expected_dots[s], cancelling) << prefix;
  const size_t stride = std::max<size_t>(1, count / 256);
  const auto sample = entry("sample", std::min<size_t>(count, 256));
  for (size_t k = 0; k < sample.size(); ++k) {
    EXPECT_NEAR(values[k * stride], sample[k], tolerance * norm) << prefix << " sample " << k;
  }
}

std::vector<double> numbers(const HostTensor& tensor) {
  return Array::from_buffer(tensor.buffer(), tensor.spec()).to_vector<double>();
}

/// Trains with the given start weights, one bound step a batch, and compares all of each step.
class Replay {
 public:
  Replay(const golden::File& file, Model model, const golden::Run& run)
      : file_(file), model_(std::move(model)), run_(run), named_(named_weights(model_.network())) {
    const auto& names = file.metadata("variables");
    EXPECT_EQ(names.size(), named_.size());
    for (size_t i = 0; i < named_.size(); ++i) {
      EXPECT_EQ(names[i].as_string(), named_[i].first);
      named_[i].second.assign(start_value(named_[i].first, named_[i].second));
    }
  }

  void check() {
    const auto steps = static_cast<size_t>(file_.metadata("steps").as_int());
    const std::string prefix = std::string(run_.prefix) + "/";
    const bool exact = run_.dtype == DType::float64;
    const auto losses = file_.values(prefix + "loss");
    const auto probabilities = file_.values(prefix + "probabilities");
    BoundStep step = bind();
    for (size_t s = 0; s < steps; ++s) {
      SCOPED_TRACE("step " + std::to_string(s));
      run(step, s);
      const auto& outputs = step.outputs();
      // Adam turns rounding into whole steps: float32 is compared closely in the first step only.
      const double tolerance = exact || s > 0 ? (exact ? run_.tolerance : 1e-4) : run_.tolerance;
      EXPECT_NEAR(numbers(outputs[0])[0], losses[s], tolerance * losses[s]);
      if (!exact && s > 0) continue;
      const std::vector<double> expected(probabilities.begin() + 40 * s,
                                         probabilities.begin() + 40 * (s + 1));
      EXPECT_LE(golden::distance(numbers(outputs[1]), expected), tolerance);
      for (size_t i = 0; i < named_.size(); ++i) {
        const auto& [name, variable] = named_[i];
        expect_fingerprint(numbers(outputs[2 + i]), file_, prefix + "grads/" + name, s, tolerance);
        expect_fingerprint(variable.value().to_vector<double>(), file_, prefix + "weights/" + name,
                           s, tolerance);
        if (exact || !file_.contains("f32/first_grad/" + name)) continue;
        EXPECT_LE(golden::distance(numbers(outputs[2 + i]), file_.values("f32/first_grad/" + name)),
                  tolerance)
            << name;
        EXPECT_LE(golden::distance(variable.value().to_vector<double>(),
                                   file_.values("f32/first_weights/" + name)),
                  tolerance)
            << name;
      }
    }
  }

 private:
  Array start_value(const std::string& name, const Variable& variable) const {
    if (file_.contains("initial/" + name)) return file_.array("initial/" + name, run_.dtype);
    const Json& recipe = file_.metadata("initial").at(name);
    const auto stream = static_cast<uint64_t>(recipe.at("stream").as_int());
    std::vector<float> values(static_cast<size_t>(variable.shape().num_elements()));
    for (size_t i = 0; i < values.size(); ++i) {
      const double unit = static_cast<double>(splitmix64((stream << 32) + i) >> 40) / 0x1p24;
      values[i] = static_cast<float>((2 * unit - 1) * recipe.at("limit").as_double());
    }
    const Array start(values, variable.shape());
    return run_.dtype == DType::float32 ? start : cast(start, run_.dtype);
  }

  /// One training step that returns loss, probabilities and every gradient.
  BoundStep bind() {
    std::vector<Variable> state = network_state(model_.network());
    const std::vector<Variable> weights = model_.trainable_weights();
    optimizer_->build(weights);
    for (const Variable& slot : optimizer_->variables()) state.push_back(slot);
    const bool one_hot_targets = file_.metadata("loss").as_string() == "categorical_crossentropy";
    const Loss loss = file_.metadata("loss").as_string();
    return BoundStep(state, {{{4, 28, 28, 1}, run_.dtype}, {{4}, DType::int32}},
                     [&, one_hot_targets](std::span<const Array> inputs) {
                       const Array target =
                           one_hot_targets ? one_hot(inputs[1], 10, run_.dtype) : inputs[1];
                       std::vector<Array> parameters;
                       for (const Variable& weight : weights) parameters.push_back(weight.value());
                       const Array y = model_(inputs[0], {.training = true});
                       std::vector<Array> results = {loss(target, y), y};
                       const auto grads = gradients(results[0], parameters);
                       optimizer_->apply(grads, weights);
                       results.insert(results.end(), grads.begin(), grads.end());
                       return results;
                     });
  }

  void run(BoundStep& step, size_t s) {
    const auto row = static_cast<int64_t>(s);
    const auto bytes = file_.host("images").slice(row, row + 1).values<uint8_t>();
    HostTensor x = HostTensor::empty({4, 28, 28, 1}, run_.dtype);
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (run_.dtype == DType::float64) {
        x.values<double>()[i] = bytes[i] / 255.0;
      } else {
        x.values<float>()[i] = static_cast<float>(bytes[i]) / 255.0f;
      }
    }
    const HostTensor inputs[] = {x, file_.host("labels").slice(row, row + 1).reshape({4})};
    step.run(std::span<const HostTensor>(inputs));
  }

  const golden::File& file_;
  Model model_;
  golden::Run run_;
  std::vector<std::pair<std::string, Variable>> named_;
  Optimizer optimizer_ = Adam();
};

TEST(GoldenCnn, TenStepsInFloat64) {
  const golden::File file("cnn.safetensors");
  Replay(file, make_cnn("float64"), golden::kRuns[0]).check();
}

TEST(GoldenCnn, TenStepsInFloat32) {
  const golden::File file("cnn.safetensors");
  Replay(file, make_cnn("float32"), golden::kRuns[1]).check();
}

TEST(GoldenMnistCnn, ThreeStepsInFloat64) {
  const golden::File file("mnist_cnn.safetensors");
  Replay(file, make_mnist_cnn("float64"), golden::kRuns[0]).check();
}

TEST(GoldenMnistCnn, ThreeStepsInFloat32) {
  const golden::File file("mnist_cnn.safetensors");
  Replay(file, make_mnist_cnn("float32"), golden::kRuns[1]).check();
}

}  // namespace
}  // namespace danlu
