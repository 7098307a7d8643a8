// Corners of the engine where parts meet: derivatives along values that carry none, traces beside
// other threads, faults in what writes state, deep and wide graphs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "danlu/danlu.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GradCorner, AValueThatOnlyDeadEndsUseCarriesNoGradient) {
  const auto f = [](const Array& x) {
    const Array y = 2 * x;
    return sum(x * stop_gradient(y) + sign(3 * x));
  };
  EXPECT_THAT(grad(f)(Array({1.f, -2.f})).to_vector(), ElementsAre(2.f, -4.f));
  const auto constant = [](const Array& x) { return sum(floor(x * 2)); };
  EXPECT_THAT(grad(constant)(Array({1.f, -2.f})).to_vector(), ElementsAre(0.f, 0.f));
}

TEST(GradCorner, AnOutputWithoutAGradientCountsAsZero) {
  const Array x({3.f});
  const std::vector<Array> outputs = {x * x, x * 5}, grads = {Array(), Array({1.f})}, inputs = {x};
  EXPECT_THAT(vjp(outputs, grads, inputs)[0].to_vector(), ElementsAre(5.f));
}

TEST(GradCorner, AnInputThatDependsOnAnotherPassesItsGradientOn) {
  const Array x({3.f});
  const Array y = x * x;
  const auto grads = gradients(sum(y * 2 + x), std::vector<Array>{x, y});
  EXPECT_THAT(grads[0].to_vector(), ElementsAre(13.f));
  EXPECT_THAT(grads[1].to_vector(), ElementsAre(2.f));
}

/// a · b as an op that has a decomposition and no derivative of its own.
const OpDef& composite_product_op() {
  static const OpDef op{
      .name = "composite_product",
      .num_inputs = 2,
      .infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0]}; },
      .decompose = [](const Attrs*,
                      std::span<const Array> in) { return std::vector<Array>{in[0] * in[1]}; },
      .doc = "a · b.",
  };
  return op;
}

TEST(GradCorner, OneValueAsTwoInputsOfACompositeOp) {
  const auto f = [](const Array& x) {
    const Array y = x * 2;
    return sum(make_op(composite_product_op(), {y, y}) + make_op(composite_product_op(), {x, y}));
  };
  // 4x² + 2x².
  EXPECT_THAT(grad(f)(Array({1.f, 3.f})).to_vector(), ElementsAre(12.f, 36.f));
}

TEST(GradCorner, CustomDerivativesWithCapturesAreUsedTwice) {
  const Array factor({2.f, 3.f});
  const auto clipped = custom_derivative(
      [=](std::span<const Array> in) {
        return std::vector<Array>{in[0] * factor, in[0]};
      },
      [](std::span<const Array> in, std::span<const Array>, std::span<const Array> grads) {
        return std::vector<Array>{clip(grads[0] + grads[1], -1, 1) * in[0]};
      });
  const auto f = [&](const Array& x) {
    const auto once = clipped(std::vector<Array>{x});
    const auto twice = clipped(std::vector<Array>{once[0]});
    return sum(twice[0] * 10);
  };
  const Array x({0.5f, 0.25f});
  EXPECT_FLOAT_EQ(f(x).item(), 42.5f);
  // The second gives clip(10) · (2x, 3x) = (1, 0.75), the first clip of that times x.
  EXPECT_THAT(grad(f)(x).to_vector(), ElementsAre(0.5f, 0.1875f));
  EXPECT_THAT(jit(grad(f))(x).to_vector(), ElementsAre(0.5f, 0.1875f));
}

TEST(GradCorner, OfIntegersAndBoolsIsNone) {
  const auto f = [](const Array& x) {
    const Array counts = cast(x, DType::int32);
    return sum(x * cast(counts, DType::float32) + cast(x > 1, DType::float32) * x);
  };
  EXPECT_THAT(grad(f)(Array({0.5f, 2.5f})).to_vector(), ElementsAre(0.f, 3.f));
}

TEST(GradCorner, AnExceptionLeavesNoGradientScopeBehind) {
  const auto f = [](const Array& x) -> Array {
    if (x.size() == 2) throw ValueError({.where = "test", .what = "No"});
    return sum(x);
  };
  EXPECT_THROW(grad(f)(Array({1.f, 2.f})), ValueError);
  EXPECT_FALSE(internal::GradientScope::active());
}

TEST(JitCorner, ANumberAndATypedScalarAreDifferentArguments) {
  auto f = jit([](const Array& x, const Array& y) { return x * y; });
  const Array x = cast(Array({1.f, 2.f}), DType::bfloat16);
  EXPECT_EQ(f(x, 3.f).dtype(), DType::bfloat16);
  EXPECT_EQ(f(x, Array::scalar(3, DType::float32)).dtype(), DType::float32);
}

TEST(JitCorner, RefusesAnUndefinedArgument) {
  auto f = jit([](const std::vector<Array>& xs) { return xs[0] + 1; });
  EXPECT_THROW(f(std::vector<Array>{Array({1.f}), Array()}), StateError);
}

TEST(JitCorner, AFunctionThatThrowsIsTracedAgain) {
  int calls = 0;
  auto f = jit([&](const Array& x) {
    if (++calls == 1) throw ValueError({.where = "test", .what = "Not yet"});
    return x + 1;
  });
  EXPECT_THROW(f(Array({1.f})), ValueError);
  EXPECT_THAT(f(Array({1.f})).to_vector(), ElementsAre(2.f));
}

TEST(ScalarCorner, TheClassIsThatOfTheStoredValue) {
  const Array x(std::vector<uint8_t>{1, 2, 250});
  const Array zero = Array::scalar(-1, DType::uint8);
  EXPECT_EQ(zero.item<int>(), 0);
  EXPECT_THAT((x * zero).to_vector<int>(), Each(0));
  EXPECT_THAT((x + zero).to_vector<int>(), ElementsAre(1, 2, 250));
}

TEST(ScalarCorner, ALargeIntegerKeepsItsValue) {
  EXPECT_EQ(Array(int64_t{1} << 40).item<int64_t>(), int64_t{1} << 40);
  EXPECT_EQ(Array(7).dtype(), DType::int32);
  EXPECT_EQ((Array({1.f}) * (int64_t{1} << 40)).dtype(), DType::float32);
}

TEST(StateCorner, AFaultInWhatWritesStateChangesNothing) {
  Variable table(Array({1.f, 2.f, 3.f}), "table"), other(Array({4.f, 5.f, 6.f}), "other");
  BoundStep step({table, other}, {{Shape{3}, DType::int32}}, [&](std::span<const Array> in) {
    const Array old = other.value();
    other.assign(old * 2);
    table.assign(take(old, in[0], 0));
    return std::vector<Array>{};
  });
  const std::vector<int32_t> good = {2, 1, 0}, bad = {1, 1, 7};
  const void* pointer = bad.data();
  EXPECT_THROW(step.run({&pointer, 1}), ValueError);
  EXPECT_THAT(table.value().to_vector(), ElementsAre(1.f, 2.f, 3.f));
  EXPECT_THAT(other.value().to_vector(), ElementsAre(4.f, 5.f, 6.f));
  pointer = good.data();
  step.run({&pointer, 1});
  EXPECT_THAT(table.value().to_vector(), ElementsAre(6.f, 5.f, 4.f));
  EXPECT_THAT(other.value().to_vector(), ElementsAre(8.f, 10.f, 12.f));
}

TEST(StateCorner, TheNumberOfInputsIsChecked) {
  BoundStep step({}, {{Shape{}, DType::float32}},
                 [](std::span<const Array> in) { return std::vector<Array>{in[0] * 2}; });
  const float x = 1;
  const void* pointers[] = {&x, &x};
  EXPECT_THROW(step.run(pointers), ValueError);
  EXPECT_THROW(step.run(std::span<const void* const>()), ValueError);
}

TEST(StateCorner, TwoStepsAndTheUserShareAVariable) {
  // A product large enough for packed weights; each step keeps its own packed copy.
  Variable w(full(Shape{64, 64}, 0.5), "w");
  const Array x = full(Shape{32, 64}, 1);
  const TensorSpec spec = x.spec();
  BoundStep train({w}, {spec}, [&](std::span<const Array> in) {
    const Array y = matmul(in[0], w.value());
    w.assign(w.value() + 0.5);
    return std::vector<Array>{y};
  });
  BoundStep predict({w}, {spec}, [&](std::span<const Array> in) {
    return std::vector<Array>{matmul(in[0], w.value())};
  });
  const void* pointer = x.data();
  const auto first = [&](BoundStep& step) {
    step.run({&pointer, 1});
    return step.outputs()[0].values<float>()[0];
  };
  EXPECT_FLOAT_EQ(first(predict), 32);
  EXPECT_FLOAT_EQ(first(train), 32);
  EXPECT_FLOAT_EQ(first(predict), 64);
  EXPECT_FLOAT_EQ(first(predict), 64);
  w.assign(full(Shape{64, 64}, 0.25));
  EXPECT_FLOAT_EQ(first(predict), 16);
  EXPECT_FLOAT_EQ(first(train), 16);
  const Array held = w.value();
  EXPECT_FLOAT_EQ(first(train), 48);
  set_disabled_passes("fuse");
  EXPECT_FLOAT_EQ(first(predict), 80);
  set_disabled_passes("");
  EXPECT_FLOAT_EQ(first(predict), 80);
  EXPECT_FLOAT_EQ(held.to_vector()[0], 0.75);
  EXPECT_FLOAT_EQ(w.value().to_vector()[0], 1.25);
}

TEST(StateCorner, WhatTheCacheDroppedKeepsRunning) {
  Variable v(zeros(Shape{5}), "v");
  BoundStep step({v}, {}, [&](std::span<const Array>) {
    v.assign(v.value() + 1);
    return std::vector<Array>{};
  });
  const auto f = jit([](const Array& x) { return x * 2; });
  f(v.value());
  set_program_cache_bytes(1);
  for (int n = 1; n < 5; ++n) sum(ones(Shape{n, 3})).eval();
  EXPECT_EQ(cache_statistics().programs, 1u);
  clear_program_cache();
  step.run(std::span<const void* const>());
  EXPECT_THAT(f(v.value()).to_vector(), Each(2.f));
  set_program_cache_bytes(size_t{256} << 20);
}

TEST(ThreadCorner, TracesBesideThreadsThatEvaluateTheSameArrays) {
  for (int round = 0; round < 200; ++round) {
    Array x({1.f, 2.f});
    for (int i = 0; i < 50; ++i) x = x + 1;
    const Array y = x;
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        if (t % 2 == 0) {
          right += (y * 2).to_vector() == std::vector<float>{102.f, 104.f};
        } else {
          const auto f = jit([&](const Array& z) { return y * z; });
          right += f(Array({1.f, 1.f})).to_vector() == std::vector<float>{51.f, 52.f};
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(right, 4);
  }
}

TEST(FusionCorner, SumsOverDifferentAxesMeetInOneChain) {
  const Array x({1.f, 2.f, 3.f, 4.f, 5.f, 6.f});
  const Array m = reshape(x, {2, 3}).eval();
  const Array a = m * 2, b = m + 1;
  const Array columns = sum(a, {0}), all = sum(b), rows = sum(square(m), {1});
  const Array c = a * b;
  eval({columns, all, rows, c});
  EXPECT_THAT(columns.to_vector(), ElementsAre(10.f, 14.f, 18.f));
  EXPECT_EQ(all.item(), 27.f);
  EXPECT_THAT(rows.to_vector(), ElementsAre(14.f, 77.f));
  EXPECT_THAT(c.to_vector(), ElementsAre(4.f, 12.f, 24.f, 40.f, 60.f, 84.f));
}

double seconds_of(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(SizeCorner, GradientThroughAChainOf50000) {
  const auto f = [](const Array& x) {
    Array y = x;
    for (int i = 0; i < 50'000; ++i) y = i % 2 == 0 ? y * 2 : y * 0.5;
    return sum(y);
  };
  const Array x({1.f, 2.f});
  EXPECT_LT(seconds_of([&] { EXPECT_THAT(grad(f)(x).to_vector(), ElementsAre(1.f, 1.f)); }), 60);
}

TEST(SizeCorner, AWideGraphIsCutIntoProgramsOfItsSize) {
  // A tree over 4,096 Arrays of one shape: everything could be fused with everything.
  std::vector<Array> layer;
  for (int i = 0; i < 4096; ++i) layer.push_back(full(Shape{8}, i % 7).eval());
  const double wanted = [] {
    double sum = 0;
    for (int i = 0; i < 4096; ++i) sum += i % 7 * 3;
    return sum;
  }();
  for (Array& x : layer) x = x * 3;
  while (layer.size() > 1) {
    std::vector<Array> next;
    for (size_t i = 0; i < layer.size(); i += 2) next.push_back(layer[i] + layer[i + 1]);
    layer = std::move(next);
  }
  EXPECT_LT(seconds_of([&] { EXPECT_FLOAT_EQ(layer[0].to_vector()[7], wanted); }), 20);
}

TEST(SizeCorner, ManyCyclesBetweenGroupsAreTakenApartTogether) {
  // The product with a middle axis fits no tile program; what stands on both its sides would
  // like to be one.
  const Array middle = reshape(Array({1.f, 2.f, 1.f, 2.f}), {1, 4, 1}).eval();
  Array x = full(Shape{3, 4, 5}, 0.5).eval();
  for (int layer = 0; layer < 1000; ++layer) {
    const Array a = x + 1;
    x = softmax(a * (a * middle) + square(a));
  }
  const double seconds = seconds_of([&] { EXPECT_NEAR(x.to_vector()[0], 0.2, 1e-6); });
  std::printf("compiled in %.3f s\n", seconds);
  EXPECT_LT(seconds, 20);
}

TEST(SizeCorner, ANetworkOf2000OpsCompilesSoon) {
  const Array x = ones(Shape{4, 8}).eval();
  std::vector<Array> params;
  for (int i = 0; i < 100; ++i) {
    params.push_back(full(Shape{8, 8}, 0.125).eval());
    params.push_back(zeros(Shape{8}).eval());
  }
  const auto loss = [&](const std::vector<Array>& p) {
    Array y = x;
    for (size_t i = 0; i < p.size(); i += 2) y = tanh(matmul(y, p[i]) + p[i + 1]);
    return sum(y);
  };
  const auto [value, grads] = value_and_grad(loss)(params);
  std::vector<Array> next;
  for (size_t i = 0; i < params.size(); ++i) next.push_back(params[i] - grads[i] * 0.1);
  next.push_back(value);
  double seconds = seconds_of([&] { plan_report(next); });
  std::printf("compiled in %.3f s\n", seconds);
  EXPECT_LT(seconds, 20);
}

}  // namespace
}  // namespace danlu
