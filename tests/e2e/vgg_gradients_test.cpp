// Gradients of the deepest network of the benchmarks, on any number of threads, beside float64.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "danlu/base/philox.h"
#include "danlu/base/thread.h"
#include "danlu/danlu.h"

namespace danlu {
namespace {

constexpr int64_t kBatch = 6;

/// `values` times 1/256, which float32 holds exactly.
Array exact(const std::vector<int>& values, const Shape& shape) {
  std::vector<float> floats;
  for (int value : values) floats.push_back(static_cast<float>(value) / 256);
  return Array(std::span<const float>(floats), shape);
}

std::vector<int> integers(const Shape& shape, PhiloxStream& random, int least, int most) {
  std::vector<int> values;
  for (int64_t i = 0; i < shape.num_elements(); ++i) {
    values.push_back(least + static_cast<int>(random.below32(most - least + 1)));
  }
  return values;
}

/// Weights -1, 0 and 1, of which a share `density` is not 0.
Array ternary(const Shape& shape, PhiloxStream& random, double density) {
  std::vector<int> values = integers(shape, random, 0, 1);
  for (int& value : values) value = random.uniform() < density ? (2 * value - 1) * 256 : 0;
  return exact(values, shape);
}

/// Pixels in 1/256, sparse weights without fractions: every sum of the convolutions is exact in
/// float32, in any order. So no rounding decides which of two nearly equal values a pool takes, or
/// on which side of zero a unit is.
struct Inputs {
  Array x;
  std::vector<Array> params;
};

Inputs make_inputs() {
  PhiloxStream random(2015);
  Inputs in;
  in.x = exact(integers({kBatch, 32, 32, 3}, random, 0, 255), {kBatch, 32, 32, 3});
  const auto add = [&](const Shape& kernel, double density) {
    const Shape bias{kernel[-1]};
    in.params.push_back(ternary(kernel, random, density));
    in.params.push_back(exact(integers(bias, random, -99, 99), bias));
  };
  add({3, 3, 3, 32}, 0.15);
  add({3, 3, 32, 32}, 0.05);
  add({3, 3, 32, 64}, 0.05);
  add({3, 3, 64, 64}, 0.05);
  add({3, 3, 64, 128}, 0.05);
  add({3, 3, 128, 128}, 0.05);
  add({2048, 128}, 0.02);
  add({128, 10}, 0.3);
  in.params[14] = in.params[14] * 0x1p-12;  // keeps the softmax away from 0 and 1
  return in;
}

struct Results {
  std::vector<double> features;                ///< after the last pooling
  std::vector<std::vector<double>> gradients;  ///< by parameter
};

Results run_network(const Inputs& in, DType dtype) {
  const Array x = cast(in.x, dtype);
  std::vector<Array> params;
  for (const Array& param : in.params) params.push_back(cast(param, dtype));
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < kBatch; ++i) labels.push_back(i);
  const Array targets = one_hot(Array(labels), 10, dtype);
  Array features;
  const auto loss = [&](const std::vector<Array>& p) {
    const auto conv = [&](const Array& image, size_t at) {
      return relu(conv2d(image, p[at], {.padding = "same"}) + p[at + 1]);
    };
    Array image = x;
    for (size_t stage = 0; stage < 3; ++stage) {
      image = max_pool2d(conv(conv(image, 4 * stage), 4 * stage + 2));
    }
    features = image;
    const Array hidden = relu(matmul(reshape(image, {kBatch, 2048}), p[12]) + p[13]);
    const Array logits = matmul(hidden, p[14]) + p[15];
    return -mean(sum(targets * log_softmax(logits), {-1}));
  };
  std::vector<Array> grads = value_and_grad(loss)(params).second;
  grads.push_back(features);
  eval(grads);
  Results results;
  results.features = cast(grads.back(), DType::float64).to_vector<double>();
  grads.pop_back();
  for (const Array& grad : grads) {
    results.gradients.push_back(cast(grad, DType::float64).to_vector<double>());
  }
  return results;
}

double norm(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value * value;
  return std::sqrt(sum);
}

TEST(VggGradients, AreThoseOfFloat64OnAnyNumberOfThreads) {
  const Inputs in = make_inputs();
  set_disabled_passes("all");
  const Results expected = run_network(in, DType::float64);
  set_disabled_passes("");
  EXPECT_GT(norm(expected.features), 0);
  const int threads = num_threads();
  Buffer::set_poison(true);
  for (const int n : {1, 2, 3}) {
    set_num_threads(n);
    const Results got = run_network(in, DType::float32);
    EXPECT_EQ(got.features, expected.features) << n;
    ASSERT_EQ(got.gradients.size(), expected.gradients.size());
    for (size_t i = 0; i < got.gradients.size(); ++i) {
      const std::vector<double>& reference = expected.gradients[i];
      ASSERT_EQ(got.gradients[i].size(), reference.size());
      std::vector<double> difference;
      for (size_t j = 0; j < reference.size(); ++j) {
        difference.push_back(got.gradients[i][j] - reference[j]);
      }
      EXPECT_GT(norm(reference), 0) << "parameter " << i;
      EXPECT_LE(norm(difference), 1e-5 * norm(reference)) << n << " threads, parameter " << i;
    }
  }
  Buffer::set_poison(false);
  set_num_threads(threads);
}

}  // namespace
}  // namespace danlu
