// Transforms of transforms: whatever the order, the numbers are those of the plain definition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/derivatives.h"
#include "danlu/autodiff/jit.h"
#include "danlu/autodiff/remat.h"
#include "danlu/autodiff/taps.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/ops/control_flow.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::Pointwise;

Array f64(const std::vector<double>& values, const Shape& shape) { return Array(values, shape); }
Array f64(double value) { return Array::scalar(value, DType::float64); }
std::vector<double> numbers(const Array& x) { return x.to_vector<double>(); }
Array element(const Array& x, int64_t i) { return squeeze(slice(x, {i}, {i + 1}), 0); }

/// f of each element along the first axis, one after another.
template <class F, class... Args>
Array loop(const F& f, int64_t size, const Args&... args) {
  std::vector<Array> parts;
  for (int64_t i = 0; i < size; ++i) parts.push_back(f(element(args, i)...));
  return stack(parts);
}

#define EXPECT_SAME(a, b) EXPECT_THAT(numbers(a), Pointwise(DoubleNear(1e-12), numbers(b)))

const Array kXs = f64({0.5, -1.2, 0.3, 2, 0.7, -0.4, 1.1, 0.2, -0.9, 0.1, 0.6, -1.5}, {4, 3});
const Array kVs = f64({1, 0.5, -1, 2, 0, 1, -0.5, 1, 1, 0.3, -2, 1}, {4, 3});
const Array kW = f64({0.4, -0.3, 0.2, 0.5, 0.1, -0.6, 0.7, 0.3, -0.2}, {3, 3});

Array energy(const Array& x) { return sum(square(tanh(matmul(x, kW)))) + x[0] * x[2]; }

TEST(Compose, VmapOfJvpAndJvpOfVmap) {
  const auto push = [](const Array& x, const Array& v) { return jvp(energy, x, v).second; };
  const Array expected = loop(push, 4, kXs, kVs);
  EXPECT_SAME(vmap(push)(kXs, kVs), expected);
  EXPECT_SAME(jit(vmap(push))(kXs, kVs), expected);
  EXPECT_SAME(jvp(vmap(energy), kXs, kVs).second, expected);
}

TEST(Compose, HessiansOfABatch) {
  const Array expected = loop(hessian(energy), 4, kXs);
  EXPECT_SAME(vmap(hessian(energy))(kXs), expected);
  EXPECT_SAME(jit(vmap(hessian(energy)))(kXs), expected);
  EXPECT_SAME(vmap(jacfwd(jacrev(energy)))(kXs), expected);
}

TEST(Compose, JacobianOfVmapIsBlockDiagonal) {
  const auto f = [](const Array& x) { return tanh(matmul(x, kW)); };
  const Array whole = jacobian(vmap(f))(kXs);
  ASSERT_EQ(whole.shape(), (Shape{4, 3, 4, 3}));
  const Array blocks = vmap(jacobian(f))(kXs);
  for (int64_t i = 0; i < 4; ++i) {
    const Array row = element(whole, i);
    for (int64_t j = 0; j < 4; ++j) {
      const Array block = squeeze(slice(row, {0, j, 0}, {3, j + 1, 3}), 1);
      if (i == j) {
        EXPECT_SAME(block, element(blocks, i));
      } else {
        EXPECT_THAT(numbers(block), Each(0));
      }
    }
  }
  EXPECT_SAME(jacfwd(vmap(f))(kXs), jacrev(vmap(f))(kXs));
}

TEST(Compose, RematUnderEverything) {
  const auto again = remat(energy);
  EXPECT_SAME(vmap(grad(again))(kXs), loop(grad(energy), 4, kXs));
  EXPECT_SAME(grad([&](const Array& x) { return sum(vmap(again)(x)); })(kXs),
              loop(grad(energy), 4, kXs));
  EXPECT_SAME(vmap(hessian(again))(kXs), loop(hessian(energy), 4, kXs));
  EXPECT_SAME(jit(grad(again))(element(kXs, 1)), grad(energy)(element(kXs, 1)));
  EXPECT_SAME(jvp(again, element(kXs, 0), element(kVs, 0)).second,
              jvp(energy, element(kXs, 0), element(kVs, 0)).second);
}

/// Three turns of x ← tanh(x·W), summed, by each kind of loop.
Array unrolled(const Array& x) {
  Array y = x;
  for (int i = 0; i < 3; ++i) y = tanh(matmul(y, kW));
  return sum(y * y);
}
Array by_fori(const Array& x) {
  const auto body = [](const Array&, const Array& y) { return tanh(matmul(y, kW)); };
  const Array y = fori_loop(0, 3, body, x);
  return sum(y * y);
}
Array by_scan(const Array& x) {
  const auto step = [](const Array& y, const Array& factor) {
    return std::pair{tanh(matmul(y, kW)) * factor, y};
  };
  const Array y = scan(step, x, ones({3}, DType::float64)).first;
  return sum(y * y);
}
Array by_while(const Array& x) {
  using State = std::pair<Array, Array>;
  const auto last = while_loop([](const Array& i, const Array&) { return i < 3; },
                               [](const Array& i, const Array& y) {
                                 return State{i + 1, tanh(matmul(y, kW))};
                               },
                               State{Array::scalar(0, DType::int32), x});
  return sum(last.second * last.second);
}

TEST(Compose, DerivativesOfLoops) {
  const Array x = element(kXs, 0), v = element(kVs, 0);
  const Array gradient = grad(unrolled)(x), tangent = jvp(unrolled, x, v).second;
  for (const auto& f : {by_fori, by_scan}) {
    EXPECT_SAME(grad(f)(x), gradient);
    EXPECT_SAME(jvp(f, x, v).second, tangent);
    EXPECT_SAME(hessian(f)(x), hessian(unrolled)(x));
    EXPECT_SAME(vmap(grad(f))(kXs), loop(grad(unrolled), 4, kXs));
    EXPECT_SAME(jit(vmap(hessian(f)))(kXs), loop(hessian(unrolled), 4, kXs));
    EXPECT_SAME(grad(remat(f))(x), gradient);
  }
  EXPECT_SAME(jvp(by_while, x, v).second, tangent);
  EXPECT_SAME(jacfwd(by_while)(x), gradient);
  const auto push = [](const Array& at, const Array& by) { return jvp(by_while, at, by).second; };
  EXPECT_SAME(jit(vmap(push))(kXs, kVs),
              loop([](const Array& at, const Array& by) { return jvp(unrolled, at, by).second; }, 4,
                   kXs, kVs));
}

TEST(Compose, LoopsOfDifferentLengthsInOneBatch) {
  using State = std::pair<Array, Array>;
  const auto f = [](const Array& x, const Array& turns) {
    return while_loop([&](const Array& i, const Array&) { return i < turns; },
                      [](const Array& i, const Array& y) {
                        return State{i + 1, sin(y) * 2};
                      },
                      State{Array::scalar(0, DType::int32), x})
        .second;
  };
  const Array turns({0, 3, 1, 5}), x = f64({0.5, 1, -0.3, 2}, {4}), v = ones({4}, DType::float64);
  const auto push = [&](const Array& at, const Array& by, const Array& n) {
    return jvp([&](const Array& z) { return f(z, n); }, at, by).second;
  };
  EXPECT_SAME(vmap(f)(x, turns), loop(f, 4, x, turns));
  EXPECT_SAME(vmap(push)(x, v, turns), loop(push, 4, x, v, turns));
}

TEST(Compose, CondWithAConditionPerElement) {
  const auto f = [](const Array& x) {
    return cond(
        x > 0, [](const Array& y) { return y * y * y; }, [](const Array& y) { return sin(y); }, x);
  };
  const Array x = f64({0.5, -0.7, 1.5, -2}, {4});
  EXPECT_SAME(vmap(grad(f))(x), loop(grad(f), 4, x));
  EXPECT_SAME(vmap(hessian(f))(x), loop(hessian(f), 4, x));
  EXPECT_SAME(grad([&](const Array& all) { return sum(vmap(f)(all)); })(x), loop(grad(f), 4, x));
}

/// x·w whose derivative by x is said to be 10 w, and that by w to be x/10.
const auto kProduct = custom_derivative(
    [](std::span<const Array> in) { return std::vector<Array>{in[0] * in[1]}; },
    [](std::span<const Array> in, std::span<const Array>, std::span<const Array> g) {
      return std::vector<Array>{g[0] * in[1] * 10, g[0] * in[0] / 10};
    });
Array product(const Array& x, const Array& w) { return kProduct(std::vector<Array>{x, w})[0]; }

TEST(Compose, CustomDerivativesStayUnderVmap) {
  const Array x = f64({1, 2, 3}, {3}), w = f64(5);
  const auto by_x = [&](const Array& at) { return sum(product(at, w)); };
  EXPECT_THAT(numbers(vmap(grad(by_x))(x)), Each(50));
  EXPECT_THAT(numbers(vmap(product, {.in_axes = {0, std::nullopt}})(x, w)),
              Pointwise(DoubleNear(0), std::vector<double>{5, 10, 15}));
  const auto total = [&](const Array& at, const Array& weight) {
    return sum(vmap(product, {.in_axes = {0, std::nullopt}})(at, weight));
  };
  EXPECT_THAT(numbers(grad([&](const Array& at) { return total(at, w); })(x)), Each(50));
  // The weight is shared: the sum over the elements.
  EXPECT_NEAR(grad([&](const Array& v) { return total(x, v); })(w).item<double>(), 0.6, 1e-12);
  // Shared by all and mapped outside, nested.
  const auto nested = vmap([&](const Array& v) { return total(x, v); });
  const Array ws = f64({5, 7}, {2});
  EXPECT_THAT(numbers(grad([&](const Array& v) { return sum(nested(v)); })(ws)),
              Each(DoubleNear(0.6, 1e-12)));
  // A second call finds the program of the first.
  vmap(product)(x, x).eval();
  const int64_t misses = cache_statistics().misses;
  vmap(product)(x, x).eval();
  EXPECT_EQ(cache_statistics().misses, misses);
}

TEST(Compose, CustomDerivativesInForwardMode) {
  const Array x = f64({1, 2, 3}, {3}), v = f64({1, 0, 2}, {3}), w = f64(5);
  const auto f = [&](const Array& at) { return product(at, w); };
  const std::vector<double> expected = {50, 0, 100};
  EXPECT_THAT(numbers(jvp(f, x, v).second), Pointwise(DoubleNear(1e-12), expected));
  const auto push = [&](const Array& at, const Array& by) { return jvp(f, at, by).second; };
  EXPECT_THAT(numbers(vmap(push)(x, v)), Pointwise(DoubleNear(1e-12), expected));
  EXPECT_THAT(numbers(jvp(vmap(f), x, v).second), Pointwise(DoubleNear(1e-12), expected));
}

TEST(Compose, TapsUnderVmapKeepEveryElement) {
  const auto f = [](const Array& x) { return sum(tap("squares", x * x)); };
  const auto [sums, taps] = jit(with_taps(vmap(f)))(kXs);
  EXPECT_SAME(sums, sum(kXs * kXs, {1}));
  EXPECT_SAME(taps.at("squares"), kXs * kXs);
}

}  // namespace
}  // namespace danlu
