// Gradients of each example of a batch by itself: all at once with vmap, and in loops.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/jit.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/ops/ops.h"

namespace danlu::bench {
namespace {

constexpr int64_t kBatch = 64;

using Params = std::vector<Array>;
using Loss = Array (*)(const Params& p, const Array& x, const Array& y);

struct Network {
  std::string name;
  Loss loss;
  std::vector<Shape> parameters;
  Shape sample;
};

Array crossentropy(const Array& y, const Array& logits) {
  return sparse_categorical_crossentropy(y, logits, {.from_logits = true});
}

Array dense(const Params& p, const Array& x, const Array& y) {
  Array hidden = x;
  for (size_t i = 0; i + 2 < p.size(); i += 2) hidden = relu(matmul(hidden, p[i]) + p[i + 1]);
  return crossentropy(y, matmul(hidden, p[p.size() - 2]) + p[p.size() - 1]);
}

Array convolutional(const Params& p, const Array& x, const Array& y) {
  const auto block = [](const Array& image, const Array& kernel, const Array& bias) {
    return max_pool2d(relu(conv2d(image, kernel) + bias));
  };
  const Array hidden = block(block(expand_dims(x, 0), p[0], p[1]), p[2], p[3]);
  return crossentropy(y, matmul(reshape(hidden, Shape{-1}), p[4]) + p[5]);
}

const std::vector<Network>& networks() {
  static const std::vector<Network> list = {
      {"dense_5k", dense, {{64, 64}, Shape{64}, {64, 10}, Shape{10}}, Shape{64}},
      {"dense_109k",
       dense,
       {{784, 128}, Shape{128}, {128, 64}, Shape{64}, {64, 10}, Shape{10}},
       Shape{784}},
      {"dense_deep",
       dense,
       {{32, 32}, Shape{32}, {32, 32}, Shape{32}, {32, 32}, Shape{32}, {32, 10}, Shape{10}},
       Shape{32}},
      {"cnn_14x14",
       convolutional,
       {{3, 3, 1, 8}, Shape{8}, {3, 3, 8, 16}, Shape{16}, {64, 10}, Shape{10}},
       {14, 14, 1}},
      {"cnn_28x28",
       convolutional,
       {{3, 3, 1, 16}, Shape{16}, {3, 3, 16, 32}, Shape{32}, {800, 10}, Shape{10}},
       {28, 28, 1}},
  };
  return list;
}

/// Parameters and a batch for a network.
struct Data {
  Params p;
  Array x, y;
  std::vector<Array> xs, ys;

  explicit Data(const Network& network) : y(std::vector<int64_t>(kBatch, 3)) {
    const auto draw = [](int64_t counter, const Shape& shape) {
      return random::normal(Array({int64_t{1}, counter}), shape, 0, 0.1).eval();
    };
    for (const Shape& shape : network.parameters) {
      p.push_back(draw(static_cast<int64_t>(p.size()), shape));
    }
    x = draw(99, network.sample.with_axis_inserted(0, kBatch));
    xs = unstack(x), ys = unstack(y);
    eval(xs), eval(ys);
  }
};

void at_once(benchmark::State& state, const Network& network) {
  const Data d(network);
  const auto f = jit(vmap(grad(network.loss), {.in_axes = {std::nullopt, 0, 0}}));
  for (auto _ : state) benchmark::DoNotOptimize(f(d.p, d.x, d.y));
}

template <class F>
void one_by_one(benchmark::State& state, const Data& d, const F& f) {
  for (auto _ : state) {
    for (size_t i = 0; i < d.xs.size(); ++i) {
      Params gradients = f(d.p, d.xs[i], d.ys[i]);
      eval(gradients);
    }
  }
}

/// The sum over the batch, which is what training needs: no gradient of a single example is made.
void of_the_batch(benchmark::State& state, const Network& network) {
  const Data d(network);
  const auto loss = [&](const Params& p) {
    return sum(vmap(network.loss, {.in_axes = {std::nullopt, 0, 0}})(p, d.x, d.y));
  };
  const auto f = jit(grad(loss));
  for (auto _ : state) benchmark::DoNotOptimize(f(d.p));
}

void add(const std::string& name, void (*measure)(benchmark::State&, const Network&),
         const Network& network) {
  benchmark::RegisterBenchmark(("per_example_gradients/" + network.name + "/" + name).c_str(),
                               [=, &network](benchmark::State& state) { measure(state, network); })
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

}  // namespace

void register_transforms() {
  for (const Network& network : networks()) {
    add("vmap", at_once, network);
    add("batch", of_the_batch, network);
    add(
        "jit_loop",
        [](benchmark::State& state, const Network& n) {
          one_by_one(state, Data(n), jit(grad(n.loss)));
        },
        network);
    // The loop of somebody who does not compile: each gradient is traced and looked up.
    add(
        "loop",
        [](benchmark::State& state, const Network& n) { one_by_one(state, Data(n), grad(n.loss)); },
        network);
  }
}

}  // namespace danlu::bench
