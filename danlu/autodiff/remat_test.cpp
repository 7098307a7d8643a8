#include "danlu/autodiff/remat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/derivatives.h"
#include "danlu/autodiff/jit.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

Array vector(int64_t n) { return arange(0, n, 1, DType::float64) / static_cast<double>(n) - 0.4; }

std::vector<double> numbers(const Array& x) { return x.to_vector<double>(); }

/// Layers that each keep a large hidden value for their derivative.
template <class Wrap>
Array deep(const Array& x, const Wrap& wrap) {
  const Array widen = reshape(arange(0, 256, 1, DType::float64) / 256.0, Shape{1, 256});
  const auto layer = wrap([=](const Array& h) {
    const Array wide = matmul(reshape(h, Shape{h.size(), 1}), widen);
    return reshape(matmul(sin(wide), transpose(widen)), h.shape());
  });
  Array h = x;
  for (int i = 0; i < 8; ++i) h = layer(h);
  return sum(h * h);
}

TEST(Remat, ChangesNoDerivativeOfAnyOrder) {
  const auto block = [](const Array& x, const Array& w) { return tanh(x * w) * x; };
  const Array w = vector(5) + 1.0;
  const auto plain = [&](const Array& x) { return sum(block(block(x, w), w)); };
  const auto saving = [&](const Array& x) {
    const auto f = remat(block);
    return sum(f(f(x, w), w));
  };
  const Array x = vector(5);
  EXPECT_EQ(numbers(saving(x)), numbers(plain(x)));
  EXPECT_THAT(numbers(grad(saving)(x)), Pointwise(DoubleNear(1e-14), numbers(grad(plain)(x))));
  EXPECT_THAT(numbers(jit(grad(saving))(x)), Pointwise(DoubleNear(1e-14), numbers(grad(plain)(x))));
  EXPECT_THAT(numbers(hessian(saving)(x)),
              Pointwise(DoubleNear(1e-13), numbers(hessian(plain)(x))));
  const Array xs = stack({x, 2.0 * x, -1.0 * x});
  EXPECT_THAT(numbers(vmap(grad(saving))(xs)),
              Pointwise(DoubleNear(1e-13), numbers(vmap(grad(plain))(xs))));
}

TEST(Remat, GradientsReachCaptures) {
  const Array x = vector(4);
  const auto f = [&](const Array& w) {
    return sum(remat([&](const Array& y) { return sin(y * w); })(x));
  };
  EXPECT_THAT(numbers(grad(f)(vector(4))),
              Pointwise(DoubleNear(1e-14), numbers(x * cos(x * vector(4)))));
}

TEST(Remat, NeedsLessMemory) {
  const auto arena = [](const auto& wrap) {
    const internal::GradientScope scope;
    const Array x = internal::gradient_source(vector(64).eval());
    const std::vector<Array> outputs = {grad([&](const Array& y) { return deep(y, wrap); })(x)};
    return compile_graph(trace_graph({}, outputs).graph, current_options())->arena_bytes;
  };
  const size_t plain = arena([](auto f) { return f; });
  const size_t saving = arena([](auto f) { return remat(f); });
  EXPECT_LT(saving, plain / 2) << saving << " and " << plain;
}

}  // namespace
}  // namespace danlu
