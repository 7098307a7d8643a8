#include "danlu/autodiff/autodiff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/jit.h"
#include "danlu/base/error.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

TEST(Grad, OfAPolynomial) {
  const auto f = [](const Array& x) { return sum(x * x * x); };
  EXPECT_THAT(grad(f)(Array({1.f, 2.f, -3.f})).to_vector(), ElementsAre(3.f, 12.f, 27.f));
}

TEST(Grad, OfTheGradient) {
  const auto f = [](const Array& x) { return sum(x * x * x); };
  const auto g = [&](const Array& x) { return sum(grad(f)(x)); };
  const auto h = [&](const Array& x) { return sum(grad(g)(x)); };
  EXPECT_THAT(grad(g)(Array({1.f, 2.f})).to_vector(), ElementsAre(6.f, 12.f));
  EXPECT_THAT(grad(h)(Array({1.f, 2.f})).to_vector(), ElementsAre(6.f, 6.f));
}

TEST(Grad, SumsOverBroadcastAxes) {
  const Array x(std::vector<float>{1, 2, 3, 4, 5, 6}, Shape{2, 3});
  const auto f = [&](const Array& row) { return sum(x * row); };
  EXPECT_THAT(grad(f)(Array({1.f, 1.f, 1.f})).to_vector(), ElementsAre(5.f, 7.f, 9.f));
}

TEST(Grad, OfSomethingElseIsZero) {
  const auto f = [](const Array&) { return sum(Array({1.f, 2.f})); };
  EXPECT_THAT(grad(f)(Array({1.f, 2.f, 3.f})).to_vector(), ElementsAre(0.f, 0.f, 0.f));
}

TEST(Grad, SurvivesReadingValuesInside) {
  const auto f = [](const Array& x) {
    const Array y = x * x;
    EXPECT_FLOAT_EQ(sum(y).item(), 5.f);
    return sum(y * y);
  };
  EXPECT_THAT(grad(f)(Array({1.f, 2.f})).to_vector(), ElementsAre(4.f, 32.f));
}

TEST(Grad, OverATreeOfArrays) {
  using Params = std::map<std::string, std::vector<Array>>;
  const Params params = {{"a", {Array({1.f, 2.f})}}, {"b", {Array(3.f), Array({4.f})}}};
  const auto f = [](const Params& p) {
    return sum(p.at("a")[0]) * p.at("b")[0] + sum(p.at("b")[1] * p.at("b")[1]);
  };
  const auto [loss, grads] = value_and_grad(f)(params);
  EXPECT_FLOAT_EQ(loss.item(), 25.f);
  EXPECT_THAT(grads.at("a")[0].to_vector(), ElementsAre(3.f, 3.f));
  EXPECT_FLOAT_EQ(grads.at("b")[0].item(), 3.f);
  EXPECT_FLOAT_EQ(grads.at("b")[1].item(), 8.f);
}

TEST(ValueAndGrad, HandsAuxiliaryResultsOn) {
  const auto f = [](const Array& x) { return std::pair{sum(x * x), std::vector<Array>{x + 1}}; };
  const auto [loss, aux, gradient] = value_and_grad(f, {.has_aux = true})(Array({2.f}));
  EXPECT_FLOAT_EQ(loss.item(), 4.f);
  EXPECT_FLOAT_EQ(aux[0].item(), 3.f);
  EXPECT_FLOAT_EQ(gradient.item(), 4.f);
}

TEST(Grad, StopsAtStopGradient) {
  const auto f = [](const Array& x) { return sum(stop_gradient(x) * x); };
  EXPECT_THAT(grad(f)(Array({3.f, 5.f})).to_vector(), ElementsAre(3.f, 5.f));
}

TEST(CustomDerivative, ReplacesTheAutomaticOne) {
  const auto clipped = custom_derivative(
      [](std::span<const Array> in) { return std::vector<Array>{in[0] * in[0]}; },
      [](std::span<const Array> in, std::span<const Array>, std::span<const Array> g) {
        return std::vector<Array>{g[0] * minimum(2 * in[0], 1)};
      });
  const auto f = [&](const Array& x) { return sum(clipped(std::vector<Array>{x})[0]); };
  const auto [value, gradient] = value_and_grad(f)(Array({0.25f, 3.f}));
  EXPECT_FLOAT_EQ(value.item(), 9.0625f);
  EXPECT_THAT(gradient.to_vector(), ElementsAre(0.5f, 1.f));
  const auto second = grad([&](const Array& x) { return sum(grad(f)(x)); })(Array({0.25f, 3.f}));
  EXPECT_THAT(second.to_vector(), ElementsAre(2.f, 0.f));
}

TEST(CustomDerivative, ItsRecordRefusesInputsThatItsFunctionWasNotTracedFor) {
  const auto twice =
      custom_derivative([](std::span<const Array> in) { return std::vector<Array>{in[0] + in[0]}; },
                        [](std::span<const Array>, std::span<const Array>,
                           std::span<const Array> g) { return std::vector<Array>{2 * g[0]}; });
  const Array y = twice(std::vector<Array>{Array({1.f, 2.f})})[0];
  const OpDef& op = *y.node()->op;
  const auto infer = [&](std::vector<TensorSpec> inputs) {
    return op.infer({.op_name = op.name, .attrs = y.node()->attrs.get(), .inputs = inputs});
  };
  EXPECT_EQ(infer({y.spec()})[0], y.spec());
  EXPECT_THROW(infer({}), ValueError);
  EXPECT_THROW(infer({{Shape{3}, DType::float32}}), ShapeError);
  EXPECT_THROW(infer({{Shape{2}, DType::float64}}), DTypeError);
}

TEST(Hvp, ThroughConvolutionAndPooling) {
  // Against central differences of the gradient, in float64.
  const Shape image{2, 6, 6, 2}, window{3, 3, 2, 4};
  std::vector<double> pixels(144), weights(72), direction(72);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = std::sin(double(i) * 1.7);
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::cos(double(i) * 0.9);
    direction[i] = std::sin(double(i) * 0.31);
  }
  const auto loss = [&](DType dtype) {
    return [=](const Array& kernel) {
      const Array x = cast(Array(pixels, image), dtype);
      const Array bias = cast(Array({0.1, -0.2, 0.3, 0.0}), dtype);
      const Array pooled = max_pool2d(relu(conv2d(x, kernel) + bias));
      return sum(tanh(pooled * 0.1) * pooled);
    };
  };
  const Array kernel(weights, window), v(direction, window);
  const auto exact = hvp(loss(DType::float64), kernel, v).to_vector<double>();
  const double step = 1e-6;
  const auto above = grad(loss(DType::float64))(kernel + v * step).to_vector<double>();
  const auto below = grad(loss(DType::float64))(kernel - v * step).to_vector<double>();
  double scale = 0;
  for (double x : exact) scale = std::max(scale, std::abs(x));
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_NEAR(exact[i], (above[i] - below[i]) / (2 * step), 1e-6 * scale) << i;
  }
  const Array kernel32 = cast(kernel, DType::float32), v32 = cast(v, DType::float32);
  const auto single = hvp(loss(DType::float32), kernel32, v32).to_vector<double>();
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(single[i], exact[i], 1e-4 * scale) << i;
}

TEST(Jit, TracesOncePerKindOfArgument) {
  int traced = 0;
  auto f = jit([&](const Array& x, const Array& y) {
    ++traced;
    return x * y + 1;
  });
  EXPECT_THAT(f(Array({1.f, 2.f}), Array({3.f, 4.f})).to_vector(), ElementsAre(4.f, 9.f));
  EXPECT_THAT(f(Array({5.f, 6.f}), Array({1.f, 0.f})).to_vector(), ElementsAre(6.f, 1.f));
  EXPECT_EQ(traced, 1);
  EXPECT_THAT(f(Array({1.f, 2.f}), 0.3f).to_vector(), Pointwise(FloatNear(1e-6f), {1.3f, 1.6f}));
  EXPECT_THAT(f(Array({1.f, 2.f}), 0.7f).to_vector(), Pointwise(FloatNear(1e-6f), {1.7f, 2.4f}));
  EXPECT_EQ(traced, 2);
}

TEST(Jit, InsideAGradientIsTransparent) {
  auto f = jit([](const Array& x) { return sum(x * x); });
  EXPECT_THAT(grad(f)(Array({1.f, 2.f})).to_vector(), ElementsAre(2.f, 4.f));
}

TEST(Jit, OfAGradient) {
  auto f = jit(grad([](const Array& x) { return sum(exp(x)); }));
  EXPECT_THAT(f(Array({0.f, 1.f})).to_vector(), Pointwise(FloatNear(1e-5f), {1.f, 2.718282f}));
}

TEST(Jit, RefusesToReadValues) {
  auto f = jit([](const Array& x) { return x * x.item(); });
  try {
    f(Array({1.f}));
    FAIL();
  } catch (const StateError& e) {
    EXPECT_THAT(e.what(), HasSubstr("while a function is traced"));
  }
}

TEST(Jit, StaticArgumentsArePartOfTheKey) {
  int traced = 0;
  const auto f = jit([&](const Array& x, const std::string& kind, int times) {
    ++traced;
    Array y = x;
    for (int i = 0; i < times; ++i) y = kind == "double" ? y * 2 : y + 1;
    return y;
  });
  const Array x({1.f, 5.f});
  EXPECT_THAT(f(x, std::string("double"), Static(3)).to_vector(), ElementsAre(8.f, 40.f));
  EXPECT_THAT(f(x, std::string("double"), Static(1)).to_vector(), ElementsAre(2.f, 10.f));
  EXPECT_THAT(f(x, std::string("other"), Static(1)).to_vector(), ElementsAre(2.f, 6.f));
  EXPECT_EQ(traced, 3);
  f(x, std::string("double"), Static(3));
  EXPECT_EQ(traced, 3);
}

TEST(Jit, TheShapeOfATreeIsPartOfTheKey) {
  using Tree = std::vector<std::vector<Array>>;
  const auto firsts = jit([](const Tree& t) {
    Array total = 0.f;
    for (const auto& row : t) total = total + row[0];
    return total;
  });
  const Array a(1.f), b(10.f), c(100.f);
  EXPECT_EQ(firsts(Tree{{a, b}, {c}}).item(), 101.f);
  EXPECT_EQ(firsts(Tree{{a}, {b, c}}).item(), 11.f);
}

TEST(Jit, CallingItselfWhileTracedIsAnError) {
  std::function<Array(const Array&)> self;
  const auto f = jit([&](const Array& x) { return x + self(Array(2.f)); });
  self = [&](const Array& x) { return f(x); };
  try {
    f(Array(1.f));
    FAIL();
  } catch (const StateError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("[jit] The function calls its own compiled form while it is traced"));
  }
}

TEST(Jit, KeepsTheVariantsUsedLast) {
  int traced = 0;
  const auto f = jit([&](const Array& x) {
    ++traced;
    return x * 2;
  });
  const auto call = [&](int64_t n) { return f(zeros({n})).size(); };
  for (int64_t n = 1; n <= 70; ++n) EXPECT_EQ(call(n), n);
  EXPECT_EQ(traced, 70);
  call(70);
  EXPECT_EQ(traced, 70);
  call(1);
  EXPECT_EQ(traced, 71);
}

TEST(Grad, NeedsAScalar) {
  const auto f = [](const Array& x) { return x * x; };
  try {
    grad(f)(Array({1.f, 2.f}));
    FAIL();
  } catch (const ShapeError& e) {
    EXPECT_STREQ(
        e.what(),
        "[grad] Only a scalar can be differentiated. Expected a loss of shape (). Received "
        "(2,). Hint: reduce it with sum or mean, or use vjp.");
  }
}

TEST(Grad, SaysThatHistoryIsGone) {
  const Array x({1.f, 2.f});
  const Array loss = sum(x * x);
  loss.eval();
  EXPECT_THROW(gradients(loss, std::vector<Array>{x}), StateError);
}

}  // namespace
}  // namespace danlu
