#include "danlu/train/class_weight.h"

#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/sgd.h"
#include "danlu/train/model.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

/// A line through the origin, trained one step from 0 with everything in one batch.
double slope_after(const FitOptions& options, const Array& targets) {
  Sequential model({Dense({.units = 1,
                           .use_bias = false,
                           .kernel_initializer = "zeros",
                           .dtype = "float64",
                           .input_shape = {1}})});
  model.compile({.optimizer = SGD({.learning_rate = 1.0}), .loss = "mse"});
  model.fit(ones({3, 1}, DType::float64), targets, options);
  return model.get_weights()[0].item<double>();
}

TEST(Weights, OfSamplesAndClassesScaleTheLoss) {
  const Array y(std::vector<int32_t>{0, 1, 2}, {3, 1});
  // The gradient of the mean of w (y - x)² at 0 is −2/3 Σ w y.
  const FitOptions plain{.verbose = 0};
  EXPECT_NEAR(slope_after(plain, y), 2.0 / 3 * 3, 1e-12);
  FitOptions samples = plain;
  samples.sample_weight = Array({5.0, 0.5, 2.0});
  EXPECT_NEAR(slope_after(samples, y), 2.0 / 3 * 4.5, 1e-12);
  FitOptions classes = plain;
  classes.class_weight = {{1, 0.25}, {2, 3}};
  EXPECT_NEAR(slope_after(classes, y), 2.0 / 3 * 6.25, 1e-12);
  FitOptions both = samples;
  both.class_weight = classes.class_weight;
  expect_error<ValueError>([&] { slope_after(both, y); },
                           "[fit] There are weights of classes and of samples. Expected one of "
                           "class_weight and sample_weight.");
  FitOptions short_one = plain;
  short_one.sample_weight = Array({1.0, 2.0});
  expect_error<ShapeError>([&] { slope_after(short_one, y); },
                           "[Dataset] x and sample_weight must hold the same number of samples. "
                           "Expected the samples along the first axis of both. Received x "
                           "float64(3, 1), sample_weight float64(2,).");
}

TEST(Weights, OfOneHotClassesAndInEvaluation) {
  const DataSplit data{to_host(ones({2, 1})),
                       to_host(Array(std::vector<float>{0, 1, 0, 1, 0, 0}, {2, 3}))};
  const HostTensor weights = class_weights(data, {{0, 4}, {1, 0.5}});
  EXPECT_EQ(static_cast<const float*>(weights.data())[0], 0.5F);
  EXPECT_EQ(static_cast<const float*>(weights.data())[1], 4.F);

  Sequential model({Dense({.units = 1, .kernel_initializer = "zeros", .input_shape = {1}})});
  model.compile({.loss = "mse"});
  const Array x = ones({2, 1}), y(std::vector<float>{1, 3}, {2, 1});
  EvaluateOptions options{.batch_size = 1, .verbose = 0, .sample_weight = Array({3.F, 1.F})};
  EXPECT_NEAR(model.evaluate(x, y, options).at("loss"), (3 * 1 + 1 * 9) / 2.0, 1e-6);
  expect_error<ValueError>(
      [&] { model.evaluate(Dataset(to_host(x), to_host(y)), options); },
      "[evaluate] Weights of samples cannot be given beside a Dataset. Hint: put them into its "
      "DataSplit, or use Dataset::with_sample_weight.");
}

}  // namespace
}  // namespace danlu
