// Gradients of each example of a batch by itself: all at once with vmap, and in a loop.
#include <benchmark/benchmark.h>

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

/// A dense network with 4,810 weights.
Params parameters() {
  const auto draw = [](int64_t counter, const Shape& shape) {
    return random::normal(Array({int64_t{1}, counter}), shape, 0, 0.1).eval();
  };
  return {draw(0, {64, 64}), draw(1, {64}), draw(2, {64, 10}), draw(3, {10})};
}

Array loss(const Params& p, const Array& x, const Array& y) {
  const Array hidden = relu(matmul(x, p[0]) + p[1]);
  return sparse_categorical_crossentropy(y, matmul(hidden, p[2]) + p[3], {.from_logits = true});
}

struct Data {
  Array x, y;
};
Data data() {
  return {random::normal(Array({int64_t{2}, int64_t{0}}), {kBatch, 64}).eval(),
          Array(std::vector<int64_t>(kBatch, 3))};
}

void gradients_at_once(benchmark::State& state) {
  const Params p = parameters();
  const Data d = data();
  const auto f = jit(vmap(grad(loss), {.in_axes = {std::nullopt, 0, 0}}));
  for (auto _ : state) benchmark::DoNotOptimize(f(p, d.x, d.y));
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void gradients_in_a_loop(benchmark::State& state) {
  const Params p = parameters();
  const Data d = data();
  std::vector<Array> xs = unstack(d.x), ys = unstack(d.y);
  eval(xs), eval(ys);
  const auto f = jit(grad(loss));
  for (auto _ : state) {
    for (size_t i = 0; i < xs.size(); ++i) benchmark::DoNotOptimize(f(p, xs[i], ys[i]));
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

/// The loop of somebody who does not compile: each gradient is traced and looked up.
void gradients_in_a_plain_loop(benchmark::State& state) {
  const Params p = parameters();
  const Data d = data();
  std::vector<Array> xs = unstack(d.x), ys = unstack(d.y);
  eval(xs), eval(ys);
  for (auto _ : state) {
    for (size_t i = 0; i < xs.size(); ++i) eval(grad(loss)(p, xs[i], ys[i]));
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

}  // namespace

void register_transforms() {
  benchmark::RegisterBenchmark("per_example_gradients/vmap", gradients_at_once);
  benchmark::RegisterBenchmark("per_example_gradients/jit_loop", gradients_in_a_loop);
  benchmark::RegisterBenchmark("per_example_gradients/loop", gradients_in_a_plain_loop);
}

}  // namespace danlu::bench
