#include "danlu/autodiff/taps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/jit.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

Array network(const Array& w, const Array& x) {
  const Array hidden = tap("hidden", tanh(matmul(x, w)));
  return sum(tap("output", hidden * hidden));
}

const Array kX(std::vector<float>{0.5f, -1, 1, 2}, Shape{2, 2});
const Array kW(std::vector<float>{0.1f, 0.2f, -0.3f, 0.4f}, Shape{2, 2});

TEST(Taps, KeepActivationsReadable) {
  const auto f = jit(with_taps([](const Array& w, const Array& x) { return network(w, x); }));
  const auto [loss, taps] = f(kW, kX);
  EXPECT_THAT(taps, UnorderedElementsAre(Key("hidden"), Key("output")));
  EXPECT_EQ(taps.at("hidden").to_vector(), tanh(matmul(kX, kW)).to_vector());
  EXPECT_FLOAT_EQ(sum(taps.at("output")).item(), loss.item());
}

TEST(Taps, KeepGradientsReadable) {
  const auto step = [](const Array& w) {
    return value_and_grad([](const Array& v) { return network(v, kX); })(w);
  };
  const auto [result, taps] = jit(with_taps(step))(kW);
  EXPECT_THAT(taps, UnorderedElementsAre(Key("hidden"), Key("hidden.grad"), Key("output"),
                                         Key("output.grad")));
  EXPECT_THAT(taps.at("output.grad").to_vector(), ElementsAre(1, 1, 1, 1));
  const auto hidden = taps.at("hidden").to_vector(), grads = taps.at("hidden.grad").to_vector();
  for (size_t i = 0; i < hidden.size(); ++i) EXPECT_FLOAT_EQ(grads[i], 2 * hidden[i]);
}

TEST(Taps, CostNothingWhenNobodyLooks) {
  const auto plain = [](const Array& w) {
    const Array hidden = tanh(matmul(kX, w));
    return sum(hidden * hidden);
  };
  const auto instructions = [](const auto& f) {
    const internal::GradientScope scope;
    const Array w = internal::gradient_source(kW);
    const std::vector<Array> outputs = {grad(f)(w)};
    return compile_graph(trace_graph({}, outputs).graph, current_options())->to_string();
  };
  EXPECT_EQ(instructions([](const Array& w) { return network(w, kX); }), instructions(plain));
}

TEST(Taps, NamesThatOccurAgainAreNumbered) {
  const Array a = tap("layer", kX), b = tap("layer", a * 2), c = tap("layer", b * 2);
  const auto taps = collect_taps(std::vector<Array>{c});
  EXPECT_THAT(taps, UnorderedElementsAre(Key("layer"), Key("layer_1"), Key("layer_2")));
  EXPECT_EQ(taps.at("layer_2").to_vector()[0], 2.f);
}

}  // namespace
}  // namespace danlu
