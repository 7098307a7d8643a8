// Guards against regressions that need no peers and no quiet machine: sizes of plans, and processor
// time of one thread set against the multiply-adds of the same process. Bounds are about twice what
// was measured.
#include <gtest/gtest.h>

#include <algorithm>

#include "danlu/danlu.h"
#include "danlu/runtime/roofline.h"
#include "danlu/train/steps.h"
#include "tests/support/cpu_time.h"

namespace danlu {
namespace {

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

Sequential cnn() {
  Sequential model({Conv2D({.filters = 32,
                            .kernel_size = {3, 3},
                            .activation = "relu",
                            .input_shape = {28, 28, 1}}),
                    MaxPooling2D(),
                    Conv2D({.filters = 64, .kernel_size = {3, 3}, .activation = "relu"}),
                    MaxPooling2D(), Flatten(), Dense({.units = 128, .activation = "relu"}),
                    Dense({.units = 10, .activation = "softmax"})});
  model.compile(
      {.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
  return model;
}

Sequential xor_network() {
  Sequential model({Dense({.units = 8, .activation = "tanh", .input_shape = {2}}),
                    Dense({.units = 1, .activation = "sigmoid"})});
  model.compile({.optimizer = "sgd", .loss = "binary_crossentropy"});
  return model;
}

class Guard : public ::testing::Test {
 protected:
  void SetUp() override {
    threads_ = num_threads();
    set_num_threads(1);
  }
  void TearDown() override { set_num_threads(threads_); }

 private:
  int threads_ = 1;
};

Batch batch_of(const Shape& x, const Shape& y, DType y_dtype) {
  return {.x = HostTensor::zeros(x, DType::float32), .y = HostTensor::zeros(y, y_dtype)};
}

TEST_F(Guard, PlansStaySmall) {
  Sequential image_model = cnn(), small_model = xor_network();
  const BoundStep& step = image_model.steps().train(batch_of({64, 28, 28, 1}, {64}, DType::int32));
  EXPECT_LE(step.program().report.instructions, 38);
  const BoundStep& small = small_model.steps().train(batch_of({4, 2}, {4, 1}, DType::float32));
  EXPECT_LE(small.program().report.instructions, 20);
}

TEST_F(Guard, ASmallStepCostsMicroseconds) {
  Sequential model = xor_network();
  const Batch batch = batch_of({4, 2}, {4, 1}, DType::float32);
  model.steps().train(batch);
  const double seconds = cpu_seconds(20, [&] {
    for (int i = 0; i < 1000; ++i) model.steps().train(batch);
  });
  EXPECT_LE(seconds / 1000, 3e-6);
}

TEST_F(Guard, TracingAndCompilingCostMilliseconds) {
  const double seconds = cpu_seconds(5, [] {
    clear_program_cache();
    Sequential model = cnn();
    model.steps().train(batch_of({2, 28, 28, 1}, {2}, DType::int32));
  });
  EXPECT_LE(seconds, 0.06);
}

TEST_F(Guard, AConvolutionalStepKeepsItsShareOfThePeak) {
  if (cpu_isa() == Isa::baseline) return;  // nothing is promised for it
  Sequential model = cnn();
  Batch batch = batch_of({64, 28, 28, 1}, {64}, DType::int32);
  auto pixels = batch.x.values<float>();
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = float((i * 2654435761u >> 13) % 256) / 255;
  model.steps().train(batch);
  // Convolutions and products, forward and backward, two operations per multiply-add.
  const double flops =
      2. * 64 *
      (2 * 26. * 26 * 32 * 9 + 3 * 11. * 11 * 64 * 9 * 32 + 3 * (1600. * 128 + 128. * 10));
  double share = 0;
  for (int attempt = 0; attempt < 5 && share < 0.3; ++attempt) {
    const double seconds = cpu_seconds(20, [&] { model.steps().train(batch); });
    share = std::max(share, flops / seconds / 1e9 / fma_peak(1));
  }
  EXPECT_GE(share, 0.3);
}

using Parameters = std::vector<Array>;

Array dense_loss(const Parameters& p, const Array& x, const Array& y) {
  const Array hidden = relu(matmul(x, p[0]) + p[1]);
  return sparse_categorical_crossentropy(y, matmul(hidden, p[2]) + p[3], {.from_logits = true});
}

Array convolutional_loss(const Parameters& p, const Array& x, const Array& y) {
  const auto block = [](const Array& image, const Array& kernel, const Array& bias) {
    return max_pool2d(relu(conv2d(image, kernel) + bias), {.strides = {2, 2}});
  };
  const Array hidden = block(block(expand_dims(x, 0), p[0], p[1]), p[2], p[3]);
  const Array logits = matmul(reshape(hidden, Shape{-1}), p[4]) + p[5];
  return sparse_categorical_crossentropy(y, logits, {.from_logits = true});
}

/// How many times longer than all gradients at once a compiled and a plain loop over them take.
struct Ratios {
  double compiled, plain;
};

template <class Loss>
Ratios loops_by_vmap(Loss loss, const std::vector<Shape>& parameters, const Shape& sample) {
  constexpr int64_t kBatch = 64;
  const auto draw = [](int64_t counter, const Shape& shape) {
    return random::normal(Array({int64_t{1}, counter}), shape, 0, 0.1).eval();
  };
  Parameters p;
  for (const Shape& shape : parameters) p.push_back(draw(static_cast<int64_t>(p.size()), shape));
  const Array x = draw(99, sample.with_axis_inserted(0, kBatch));
  const Array y(std::vector<int64_t>(kBatch, 3));
  const std::vector<Array> xs = unstack(x), ys = unstack(y);
  eval(xs), eval(ys);

  const auto at_once = jit(vmap(grad(loss), {.in_axes = {std::nullopt, 0, 0}}));
  const auto one = jit(grad(loss));
  const auto loop = [&](const auto& f) {
    std::vector<Parameters> all;
    for (size_t i = 0; i < xs.size(); ++i) eval(all.emplace_back(f(p, xs[i], ys[i])));
  };
  at_once(p, x, y), loop(one), loop(grad(loss));
  const double best = cpu_seconds(20, [&] { at_once(p, x, y); });
  return {cpu_seconds(5, [&] { loop(one); }) / best,
          cpu_seconds(5, [&] { loop(grad(loss)); }) / best};
}

// Measured with two threads: 9 and 90 times for the dense network, 2.7 and 17 for the
// convolutional; 3 and 9 for images of 28 x 28 with 16 and 32 filters (bench/transforms_bench.cpp).
TEST_F(Guard, GradientsOfExamplesAtOnceBeatALoop) {
  const Ratios dense = loops_by_vmap(dense_loss, {{20, 64}, {64}, {64, 10}, {10}}, {20});
  EXPECT_GE(dense.compiled, 3);
  EXPECT_GE(dense.plain, 20);
  const Ratios images = loops_by_vmap(
      convolutional_loss, {{3, 3, 1, 8}, {8}, {3, 3, 8, 16}, {16}, {64, 10}, {10}}, {14, 14, 1});
  EXPECT_GE(images.compiled, 0.8);
  EXPECT_GE(images.plain, 3);
}

#endif

}  // namespace
}  // namespace danlu
