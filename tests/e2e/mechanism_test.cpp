// The mechanisms that the architecture promises: what is compiled when, what is computed twice,
// what is left alone after a fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/danlu.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

int64_t misses() { return cache_statistics().misses; }

/// A user's own op that counts how often it runs.
std::atomic<int> tripled{0};

const OpDef& triple_op() {
  static const OpDef op{
      .name = "triple",
      .infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0]}; },
      .samples =
          [] {
            return std::vector<OpSample>{{.label = "row", .inputs = {{Shape{3}, DType::float32}}}};
          },
      .doc = "3x, counted.",
  };
  return op;
}

class TripleKernel : public Kernel {
 public:
  explicit TripleKernel(const TensorSpec& spec)
      : count_(spec.shape.num_elements()), dtype_(spec.dtype) {}
  void run(const KernelArgs& args) const override {
    ++tripled;
    dispatch_real(dtype_, [&](auto tag) {
      using T = decltype(tag);
      for (int64_t i = 0; i < count_; ++i) {
        args.out<T>(0)[i] = convert_element<T>(3 * static_cast<double>(args.in<T>(0)[i]));
      }
    });
  }

 private:
  int64_t count_;
  DType dtype_;
};

Array triple(const Array& x) {
  static const std::vector<KernelDef> kernels = {
      {"ref", [](const KernelQuery&) { return std::string(); },
       [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
         return std::make_unique<TripleKernel>(q.outputs[0]);
       }}};
  static const bool registered = [] {
    register_op(triple_op());
    register_kernels(triple_op(), kernels);
    return true;
  }();
  EXPECT_TRUE(registered);
  return make_op(triple_op(), {x});
}

TEST(Evaluation, ComputesNothingTwice) {
  tripled = 0;
  const Array x({1.f, 2.f});
  const Array y = triple(x);
  const Array loss = sum(y * y);
  const Array other = y + 1;
  EXPECT_FLOAT_EQ(loss.item(), 45.f);
  EXPECT_TRUE(y.is_evaluated());
  EXPECT_THAT(other.to_vector(), ElementsAre(4.f, 7.f));
  EXPECT_EQ(tripled, 1);
}

TEST(Evaluation, LeavesOutWhatNobodyHolds) {
  const Array x({1.f, 2.f});
  Array loss = sum(triple(x));
  const Array before = loss;
  EXPECT_FLOAT_EQ(loss.item(), 9.f);
  EXPECT_EQ(loss.node()->inputs.size(), 0u);
}

TEST(Evaluation, OfA200000NodeChain) {
  Array x({0.f, 1.f});
  for (int i = 0; i < 200'000; ++i) x = x + 1;
  EXPECT_THAT(x.to_vector(), ElementsAre(200'000.f, 200'001.f));
}

TEST(Evaluation, ReleasesALongChainWithoutRecursion) {
  Array x = make_placeholder({Shape{2}, DType::float32});
  for (int i = 0; i < 200'000; ++i) x = x + 1;
  x = Array();
}

TEST(ProgramCache, AHandWrittenLoopCompilesOnce) {
  // Adam by hand with a changing learning rate and step count, on a network with dropout.
  const Array x(std::vector<float>(64, 0.5f), Shape{16, 4});
  const Array target = ones(Shape{16, 1});
  Array w = full(Shape{4, 8}, 0.1), v = full(Shape{8, 1}, 0.2);
  std::vector<Array> m = {zeros_like(w), zeros_like(v)}, s = {zeros_like(w), zeros_like(v)};
  eval({w, v, target, m[0], m[1], s[0], s[1]});
  SeedGenerator seeds(7);
  int64_t after_second = 0;
  double first_loss = 0, last_loss = 0;
  for (int step = 1; step <= 1000; ++step) {
    const double rate = 0.02 / (1 + 0.01 * step);
    const double scale = rate * std::sqrt(1 - std::pow(0.999, step)) / (1 - std::pow(0.9, step));
    const Array keep = cast(random::bernoulli(seeds.next(), Shape{16, 8}, 0.75), DType::float32);
    const std::vector<Array> params = {w, v};
    const auto loss_of = [&](const std::vector<Array>& p) {
      const Array error = matmul(tanh(matmul(x, p[0])) * keep / 0.75, p[1]) - target;
      return mean(error * error);
    };
    const auto [loss, grads] = value_and_grad(loss_of)(params);
    std::vector<Array> next;
    for (size_t i = 0; i < 2; ++i) {
      m[i] = m[i] * 0.9 + grads[i] * 0.1;
      s[i] = s[i] * 0.999 + square(grads[i]) * 0.001;
      next.push_back(params[i] - scale * m[i] / (sqrt(s[i]) + 1e-7));
    }
    eval({next[0], next[1], m[0], m[1], s[0], s[1], loss});
    w = next[0];
    v = next[1];
    last_loss = loss.item();
    if (step == 1) first_loss = last_loss;
    if (step == 2) after_second = misses();
  }
  EXPECT_EQ(misses(), after_second);
  EXPECT_LT(last_loss, 0.2 * first_loss);
}

TEST(ProgramCache, ATrainingRunOf1000StepsCompilesOnce) {
  set_random_seed(3);
  Sequential model({Dense({.units = 16, .activation = "relu", .input_shape = {4}}),
                    Dropout({.rate = 0.25}), Dense({.units = 1})});
  model.compile({.optimizer = Adam(
                     {.learning_rate = schedules::ExponentialDecay(
                          {.initial_learning_rate = 1e-2, .decay_steps = 100, .decay_rate = 0.9})}),
                 .loss = "mean_squared_error"});
  const Array x = random::normal(SeedGenerator(1).next(), Shape{64, 4});
  const Array y = sum(x, {1}, true);
  model.fit(x, y, {.epochs = 1, .batch_size = 16, .verbose = 0});
  const int64_t after_first = misses();
  const History history = model.fit(x, y, {.epochs = 250, .batch_size = 16, .verbose = 0});
  EXPECT_EQ(misses(), after_first);
  EXPECT_EQ(model.optimizer().iterations(), 4 + 1000);
}

TEST(ProgramCache, ConcurrentMissesCompileOnce) {
  const int64_t before = misses();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      const Array x(std::vector<float>(37, 2.f));
      if (sum(sqrt(x * 8)).item() == 148.f) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
  EXPECT_EQ(misses(), before + 1);
}

TEST(ProgramCache, IsBounded) {
  set_program_cache_bytes(1 << 16);
  for (int n = 1; n < 200; ++n) sum(ones(Shape{n})).eval();
  EXPECT_LE(cache_statistics().bytes, size_t{1} << 16);
  EXPECT_GT(cache_statistics().programs, 0u);
  set_program_cache_bytes(size_t{256} << 20);
}

TEST(ProgramCache, KnowsOnlyTheClassOfAScalar) {
  const Array x({1.f, 2.f, 3.f, 4.f, 5.f});
  (x * 0.37).eval();
  const int64_t before = misses();
  (x * 0.38).eval();
  (x * 11).eval();
  EXPECT_EQ(misses(), before);
  (x * 1).eval();
  EXPECT_EQ(misses(), before + 1);
}

TEST(State, ABadLabelLeavesEveryWeightAsItWas) {
  set_random_seed(5);
  Sequential model({Dense({.units = 8, .activation = "relu", .input_shape = {3}}),
                    Dense({.units = 4, .activation = "softmax"})});
  model.compile(
      {.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
  const Array x = random::normal(SeedGenerator(2).next(), Shape{40, 3});
  std::vector<int32_t> labels(40, 1);
  model.fit(x, Array(labels), {.batch_size = 10, .verbose = 0, .shuffle = false});
  const auto three_good_steps = [&] {
    model.fit(Array(x.to_vector(), Shape{40, 3}), Array(labels),
              {.batch_size = 10, .verbose = 0, .shuffle = false});
  };
  labels[35] = 4;
  // What the weights are after three more good steps, which the bad fourth must not touch.
  const auto start = model.get_weights();
  try {
    three_good_steps();
    FAIL();
  } catch (const ValueError& e) {
    EXPECT_THAT(e.what(), HasSubstr("out of range"));
    EXPECT_THAT(e.what(), HasSubstr("Received 4"));
  }
  const auto after_fault = model.get_weights();
  EXPECT_EQ(model.optimizer().iterations(), 4 + 3);
  try {
    model.fit(slice(x, {30, 0}, {40, 3}),
              Array(std::vector<int32_t>(labels.begin() + 30, labels.end())),
              {.batch_size = 10, .verbose = 0, .shuffle = false});
    FAIL();
  } catch (const ValueError&) {
  }
  const auto untouched = model.get_weights();
  bool moved = false;
  for (size_t i = 0; i < untouched.size(); ++i) {
    EXPECT_EQ(untouched[i].to_vector(), after_fault[i].to_vector()) << i;
    moved |= start[i].to_vector() != after_fault[i].to_vector();
  }
  EXPECT_TRUE(moved);
  EXPECT_EQ(model.optimizer().iterations(), 4 + 3);
}

TEST(State, AValueReadEarlierNeverChanges) {
  Variable counter(Array(0.f), "counter");
  counter.assign(Array::scalar(0, DType::float32));
  BoundStep step({counter}, {}, [&](std::span<const Array>) {
    counter.assign(counter.value() + 1);
    return std::vector<Array>{};
  });
  step.run(std::span<const void* const>{});
  const Array early = counter.value();
  step.run(std::span<const void* const>{});
  EXPECT_FLOAT_EQ(early.item(), 1.f);
  EXPECT_FLOAT_EQ(counter.value().item(), 2.f);
}

TEST(State, SwapsAreNotTornApart) {
  Variable a(Array::scalar(1, DType::float32), "a"), b(Array::scalar(2, DType::float32), "b");
  BoundStep step({a, b}, {}, [&](std::span<const Array>) {
    const Array old_a = a.value();
    a.assign(b.value());
    b.assign(old_a);
    return std::vector<Array>{old_a};
  });
  step.run(std::span<const void* const>{});
  EXPECT_FLOAT_EQ(a.value().item(), 2.f);
  EXPECT_FLOAT_EQ(b.value().item(), 1.f);
  EXPECT_FLOAT_EQ(step.outputs()[0].values<float>()[0], 1.f);
}

TEST(State, FibonacciReadsTheOldValues) {
  Variable a(ones(Shape{100}), "a"), b(ones(Shape{100}), "b");
  BoundStep step({a, b}, {}, [&](std::span<const Array>) {
    const Array next = a.value() + b.value();
    a.assign(b.value() * 1.f);
    b.assign(next);
    return std::vector<Array>{};
  });
  for (int i = 0; i < 10; ++i) step.run(std::span<const void* const>{});
  EXPECT_FLOAT_EQ(b.value().to_vector()[99], 144.f);
  EXPECT_FLOAT_EQ(a.value().to_vector()[0], 89.f);
}

}  // namespace
}  // namespace danlu
