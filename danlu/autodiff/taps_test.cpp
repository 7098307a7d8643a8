#include "danlu/autodiff/taps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/jit.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/control_flow.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Key;
using ::testing::Pointwise;
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

Array recurrent(const Array& w, const Array& xs) {
  const auto step = [&](const Array& h, const Array& x) {
    const Array next = tap("state", tanh(h * w + x));
    return std::pair{next, next * 2};
  };
  return sum(scan(step, zeros({2}), xs).second);
}

Array unrolled(const Array& w, const Array& xs) {
  Array h = zeros({2}), total = zeros({});
  for (const Array& x : unstack(xs)) {
    h = tap("state", tanh(h * w + x));
    total = total + sum(h * 2);
  }
  return total;
}

const Array kSequence(std::vector<float>{0.5f, -1, 1, 2, 0.3f, -0.2f}, Shape{3, 2});

TEST(Taps, InsideAScanAreStacked) {
  const Array w = Array(std::vector<float>{0.4f, -0.7f});
  const auto gradients = [](auto f) {
    return with_taps([f](const Array& at) {
      return value_and_grad([&](const Array& v) { return f(v, kSequence); })(at);
    });
  };
  const auto [one, inside] = jit(gradients(recurrent))(w);
  const auto [other, outside] = jit(gradients(unrolled))(w);
  EXPECT_THAT(inside, UnorderedElementsAre(Key("state"), Key("state.grad")));
  ASSERT_EQ(inside.at("state").shape(), (Shape{3, 2}));
  const auto near = [](const Array& a, const Array& b) {
    EXPECT_THAT(a.to_vector(), Pointwise(FloatNear(1e-6f), b.to_vector()));
  };
  near(one.second, other.second);
  const auto stacked = [&, taps = outside](const std::string& name) {
    return stack({taps.at(name), taps.at(name + "_1"), taps.at(name + "_2")});
  };
  near(inside.at("state"), stacked("state"));
  // The backward pass meets the last step first.
  near(inside.at("state.grad"), flip(stacked("state.grad"), {0}));
}

TEST(Taps, InsideAScanRunNoStepTwice) {
  const Array w = Array(std::vector<float>{0.4f, -0.7f});
  const auto scans = [&](bool with) {
    const internal::GradientScope scope;
    const Array source = internal::gradient_source(w);
    std::vector<Array> outputs = {
        grad([](const Array& v) { return recurrent(v, kSequence); })(source)};
    if (with) {
      for (const auto& [name, value] : collect_taps(outputs)) outputs.push_back(value);
    }
    const auto program = compile_graph(trace_graph({}, outputs).graph, current_options());
    int count = 0;
    for (const Instruction& i : program->instructions) count += i.op->name == "scan";
    return count;
  };
  EXPECT_EQ(scans(false), 2);  // forward and backward
  EXPECT_EQ(scans(true), 2);
}

TEST(Taps, InsideNestedScans) {
  const auto inner = [](const Array& h, const Array& x) {
    const Array next = tap("inner", h + x);
    return std::pair{next, next};
  };
  const auto outer = [&](const Array& h, const Array& row) {
    return std::pair{scan(inner, h, row).first, std::tuple<>()};
  };
  const Array last = scan(outer, zeros({}), kSequence).first;
  const std::vector<Array> outputs = {last};
  const auto taps = collect_taps(outputs);
  ASSERT_THAT(taps, UnorderedElementsAre(Key("inner")));
  EXPECT_THAT(taps.at("inner").to_vector(), cumsum(reshape(kSequence, Shape{6})).to_vector());
}

TEST(Taps, NamesThatOccurAgainAreNumbered) {
  const Array a = tap("layer", kX), b = tap("layer", a * 2), c = tap("layer", b * 2);
  const auto taps = collect_taps(std::vector<Array>{c});
  EXPECT_THAT(taps, UnorderedElementsAre(Key("layer"), Key("layer_1"), Key("layer_2")));
  EXPECT_EQ(taps.at("layer_2").to_vector()[0], 2.f);
}

}  // namespace
}  // namespace danlu
