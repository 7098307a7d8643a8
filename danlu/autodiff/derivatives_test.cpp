#include "danlu/autodiff/derivatives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/jit.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/base/error.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Array f64(const std::vector<double>& values, const Shape& shape) { return Array(values, shape); }

std::vector<double> numbers(const Array& x) { return x.to_vector<double>(); }

/// A network with one hidden layer, its parameters as a tree.
struct Network {
  Array w, b, v;
  template <class V>
  void tree(V&& visit) {
    visit(w), visit(b), visit(v);
  }
};

Network small_network() {
  return {f64({0.3, -0.2, 0.5, 0.7, -0.4, 0.1}, {2, 3}), f64({0.1, -0.3, 0.2}, {3}),
          f64({0.6, -0.8, 0.4}, {3})};
}

Array network_loss(const Network& p) {
  const Array x = f64({0.5, -1, 1.5, 0.25, -0.75, 2}, {3, 2});
  const Array y = f64({1, 0, -1}, {3});
  const Array hidden = tanh(matmul(x, p.w) + p.b);
  return mean(square(matmul(hidden, p.v) - y));
}

TEST(Jvp, IsTheDirectionalDerivative) {
  const auto f = [](const Array& x) { return sin(x) * x; };
  const Array x = f64({0.5, -1, 2}, {3}), t = f64({1, 2, -3}, {3});
  const auto [value, tangent] = jvp(f, x, t);
  const auto xs = numbers(x), ts = numbers(t), got = numbers(tangent);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(numbers(value)[i], std::sin(xs[i]) * xs[i], 1e-15);
    EXPECT_NEAR(got[i], (std::cos(xs[i]) * xs[i] + std::sin(xs[i])) * ts[i], 1e-14);
  }
}

TEST(Jvp, OverTreesAndPastIntegers) {
  const auto f = [](const std::pair<Array, Array>& p) {
    return std::tuple{p.first * p.second, argmax(p.first), Array::scalar(3, DType::float64)};
  };
  const std::pair x{f64({1, 2}, {2}), f64({3, 4}, {2})};
  const std::pair t{f64({1, 0}, {2}), f64({0, 1}, {2})};
  const auto [value, tangent] = jvp(f, x, t);
  EXPECT_THAT(numbers(std::get<0>(tangent)), ElementsAre(3, 2));
  EXPECT_EQ(std::get<1>(tangent).item<int64_t>(), 0);
  EXPECT_EQ(std::get<2>(tangent).item<double>(), 0);
}

TEST(Jvp, SurvivesReadingValuesInside) {
  const auto f = [](const Array& x) {
    const Array y = x * x;
    EXPECT_EQ(sum(y).item<double>(), 5);
    return y * y;
  };
  EXPECT_THAT(numbers(jvp(f, f64({1, 2}, {2}), f64({1, 1}, {2})).second), ElementsAre(4, 32));
}

TEST(Jvp, OfATangentThatDoesNotFitIsAnError) {
  try {
    jvp([](const Array& x) { return exp(x); }, Array({1.f, 2.f}), Array({1.f}));
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[jvp] A tangent has another shape than its input. "
                                        "Expected (2,). Received (1,)."));
  }
}

TEST(Vjp, MayBeCalledAgainAfterEvaluation) {
  const auto f = [](const Array& x) { return exp(x) * x; };
  const Array x = f64({0.5, 1}, {2});
  const auto [value, pullback] = vjp(f, x);
  value.eval();
  const auto first = numbers(pullback(f64({1, 0}, {2})));
  const auto second = numbers(pullback(f64({0, 2}, {2})));
  EXPECT_NEAR(first[0], 1.5 * std::exp(0.5), 1e-14);
  EXPECT_EQ(first[1], 0);
  EXPECT_NEAR(second[1], 4 * std::exp(1.0), 1e-13);
}

TEST(Jacobian, ForwardAndReverseAgreeWithTheFormula) {
  const auto f = [](const Array& x) { return matmul(f64({1, 2, 3, 4, 5, 6}, {2, 3}), x * x); };
  const Array x = f64({1, -1, 2}, {3});
  const auto expected = {2., -4., 12., 8., -10., 24.};
  EXPECT_THAT(numbers(jacfwd(f)(x)), Pointwise(DoubleNear(1e-14), expected));
  EXPECT_THAT(numbers(jacrev(f)(x)), Pointwise(DoubleNear(1e-14), expected));
  EXPECT_EQ(jacobian(f)(x).shape(), (Shape{2, 3}));
  EXPECT_THAT(numbers(jacobian(f)(x)), Pointwise(DoubleNear(1e-14), expected));
}

TEST(Jacobian, ShapesOfMatricesAndTrees) {
  const auto f = [](const std::pair<Array, Array>& p) { return matmul(p.first, p.second); };
  const std::pair x{f64({1, 2, 3, 4, 5, 6}, {2, 3}), f64({1, 0, -1}, {3})};
  for (const auto& j : {jacfwd(f)(x), jacrev(f)(x)}) {
    EXPECT_EQ(j.first.shape(), (Shape{2, 2, 3}));
    EXPECT_THAT(numbers(j.first), ElementsAre(1, 0, -1, 0, 0, 0, 0, 0, 0, 1, 0, -1));
    EXPECT_THAT(numbers(j.second), ElementsAre(1, 2, 3, 4, 5, 6));
  }
}

TEST(Hessian, OfAQuarticIsItsFormula) {
  const auto f = [](const Array& x) { return sum(x * x) * sum(x * x); };
  const Array x = f64({1, 2}, {2});
  // 8 x xᵀ + 4 |x|² I
  EXPECT_THAT(numbers(hessian(f)(x)), ElementsAre(28, 16, 16, 52));
}

TEST(Hessian, OfASmallNetworkMatchesFiniteDifferencesOfItsGradient) {
  const Network p = small_network();
  const auto blocks = hessian(network_loss)(p);
  const auto leaves = arrays_of(p);
  constexpr double h = 1e-5;
  for (size_t j = 0; j < leaves.size(); ++j) {
    for (int64_t k = 0; k < leaves[j].size(); ++k) {
      const auto moved = [&](double by) {
        auto values = numbers(leaves[j]);
        values[static_cast<size_t>(k)] += by;
        auto arrays = leaves;
        arrays[j] = f64(values, leaves[j].shape());
        return arrays_of(grad(network_loss)(with_arrays(p, arrays)));
      };
      const auto above = moved(h), below = moved(-h);
      for (size_t i = 0; i < leaves.size(); ++i) {
        const auto block = numbers(blocks[i][j]);
        const auto a = numbers(above[i]), b = numbers(below[i]);
        for (size_t e = 0; e < a.size(); ++e) {
          EXPECT_NEAR(block[e * static_cast<size_t>(leaves[j].size()) + static_cast<size_t>(k)],
                      (a[e] - b[e]) / (2 * h), 1e-8);
        }
      }
    }
  }
}

TEST(Hessian, TimesAVectorIsHvp) {
  const Array x = f64({0.5, -1, 2}, {3}), v = f64({1, 2, -1}, {3});
  const auto f = [](const Array& z) { return sum(exp(z) * z) + power(sum(z), 3); };
  const auto product = numbers(matmul(hessian(f)(x), v));
  EXPECT_THAT(numbers(hvp(f, x, v)), Pointwise(DoubleNear(1e-12), product));
}

TEST(Compose, JitOfVmapOfGradIsALoopOfGradients) {
  const auto f = [](const Array& w, const Array& x, const Array& y) {
    return square(tanh(matmul(x, w)) - y);
  };
  const Array w = f64({0.3, -0.2, 0.5}, {3});
  const Array xs = f64({1, 2, 3, -1, 0.5, 2, 0, 1, 1, -2, 1, 0}, {4, 3});
  const Array ys = f64({0.1, -0.2, 0.3, 0.4}, {4});
  const auto per_example = jit(vmap(grad(f), {.in_axes = {std::nullopt, 0, 0}}));
  const Array grads = per_example(w, xs, ys);
  ASSERT_EQ(grads.shape(), (Shape{4, 3}));
  for (int64_t i = 0; i < 4; ++i) {
    const Array x = squeeze(slice(xs, {i}, {i + 1}), 0), y = squeeze(slice(ys, {i}, {i + 1}), 0);
    EXPECT_THAT(numbers(slice(grads, {i}, {i + 1})),
                Pointwise(DoubleNear(1e-14), numbers(grad(f)(w, x, y))));
  }
}

TEST(Compose, GradientsPerExampleAreOnePlanWhateverTheirNumber) {
  using Params = std::vector<Array>;
  const auto loss = [](const Params& p, const Array& x, const Array& y) {
    const Array hidden = relu(matmul(x, p[0]) + p[1]);
    return sparse_categorical_crossentropy(y, matmul(hidden, p[2]) + p[3], {.from_logits = true});
  };
  const auto instructions = [](const Params& outputs) {
    return compile_graph(trace_graph({}, outputs).graph, current_options())->instructions.size();
  };
  const auto draw = [](int64_t counter, const Shape& shape) {
    return random::normal(Array({int64_t{1}, counter}), shape).eval();
  };
  const Params p = {draw(0, {64, 64}), draw(1, {64}), draw(2, {64, 10}), draw(3, {10})};
  const internal::GradientScope scope;
  const size_t one = instructions(grad(loss)(p, draw(4, {64}), Array(int64_t{3})));
  const Array xs = draw(5, {64, 64}), ys(std::vector<int64_t>(64, 3));
  const size_t all = instructions(vmap(grad(loss), {.in_axes = {std::nullopt, 0, 0}})(p, xs, ys));
  // A loop runs 64 times as many instructions as one example needs.
  EXPECT_LE(all, one + 6) << one;
  EXPECT_LE(10 * all, 64 * one);
}

TEST(Compose, GradOfVmapAndHessianOfVmapAndJit) {
  const auto g = [](const Array& x) { return sin(x) * x * x; };
  const auto total = [&](const Array& x) { return sum(vmap(g)(x)); };
  const Array x = f64({0.5, 1.5}, {2});
  const auto direct = [&](const Array& z) { return sum(g(z)); };
  EXPECT_THAT(numbers(grad(total)(x)), Pointwise(DoubleNear(1e-14), numbers(grad(direct)(x))));
  EXPECT_THAT(numbers(jit(hessian(total))(x)),
              Pointwise(DoubleNear(1e-13), numbers(hessian(direct)(x))));
  // Third order: forward over forward over reverse.
  const auto third = [&](const auto& f) { return numbers(jacfwd(jacfwd(grad(f)))(x)); };
  EXPECT_THAT(third(total), Pointwise(DoubleNear(1e-12), third(direct)));
}

}  // namespace
}  // namespace danlu
