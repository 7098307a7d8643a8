// Taps in steps that train: read after each step, free when nobody asks, also inside a scan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/danlu.h"
#include "danlu/ops/tap.h"
#include "danlu/train/steps.h"

namespace danlu {
namespace {

using initializers::GlorotUniform;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Key;
using ::testing::Pointwise;
using ::testing::UnorderedElementsAre;

/// h ← tanh(x_t·W + h·U) over the times of the input; the last h. Shapes: (batch, time, features) →
/// (batch, units).
class RecurrentImpl final : public LayerImpl {
 public:
  explicit RecurrentImpl(int64_t units, bool taps)
      : LayerImpl("Recurrent", {}), units_(units), taps_(taps) {}
  Json get_config() const override { return Json::object({{"units", units_}}); }

 private:
  Shape output_shape(const Shape& input) const override { return {input[0], units_}; }
  void build(const Shape& input) override {
    w_ = add_weight("kernel", {input[2], units_}, GlorotUniform({.seed = 1}));
    u_ = add_weight("recurrent_kernel", {units_, units_}, GlorotUniform({.seed = 2}));
  }
  Array call(const Array& x, const CallContext&) override {
    const Array w = w_.value(), u = u_.value();
    const auto step = [&](const Array& h, const Array& now) {
      const Array next = tanh(matmul(now, w) + matmul(h, u));
      return std::pair{taps_ ? tap("state", next) : next, std::tuple<>()};
    };
    return scan(step, zeros({x.shape()[0], units_}), transpose(x, {1, 0, 2})).first;
  }

  int64_t units_;
  bool taps_;
  Variable w_, u_;
};

constexpr int64_t kTimes = 5, kUnits = 6;

Sequential recurrent_model(bool taps = true) {
  Sequential model({Layer(std::make_shared<RecurrentImpl>(kUnits, taps)),
                    Dense({.units = 1, .kernel_initializer = GlorotUniform({.seed = 3})})});
  model(zeros({1, kTimes, 1}));  // builds it
  model.compile({.optimizer = Adam({.learning_rate = 0.02}), .loss = "mean_squared_error"});
  return model;
}

/// Sequences and their sums.
std::pair<HostTensor, HostTensor> sequences(int64_t count) {
  std::vector<float> x, y;
  for (int64_t i = 0; i < count; ++i) {
    float total = 0;
    for (int64_t t = 0; t < kTimes; ++t) {
      x.push_back(0.5f * std::sin(static_cast<float>(i * 7 + t * 3)));
      total += x.back();
    }
    y.push_back(total);
  }
  return {HostTensor::from(x, {count, kTimes, 1}), HostTensor::from(y, {count, 1})};
}

TEST(TrainingTaps, AScanInAModelLearnsAndShowsItsStates) {
  Sequential model = recurrent_model();
  const auto [x, y] = sequences(64);
  int64_t calls = 0;
  const auto on_taps = [&](int64_t batch, const std::map<std::string, HostTensor>& taps) {
    EXPECT_EQ(batch, calls++ % 4);
    ASSERT_THAT(taps, UnorderedElementsAre(Key("state"), Key("state.grad")));
    EXPECT_EQ(taps.at("state").shape(), (Shape{kTimes, 16, kUnits}));
    EXPECT_EQ(taps.at("state.grad").shape(), (Shape{kTimes, 16, kUnits}));
    float largest = 0;
    for (const float g : taps.at("state.grad").values<float>()) {
      largest = std::max(largest, std::abs(g));
    }
    EXPECT_GT(largest, 0);
  };
  const History history = model.fit(
      x, y, {.epochs = 30, .batch_size = 16, .verbose = 0, .seed = 1, .on_taps = on_taps});
  EXPECT_EQ(calls, 4 * 30);
  const auto& losses = history.history.at("loss");
  EXPECT_LT(losses.back(), 0.05 * losses.front());
}

TEST(TrainingTaps, ChangeNoNumberAndCostNothingUnread) {
  const auto [x, y] = sequences(16);
  Sequential plain = recurrent_model(false), tapped = recurrent_model(), read = recurrent_model();
  const Batch batch{.x = x, .y = y};
  for (int i = 0; i < 3; ++i) {
    const auto& without = plain.steps().train(batch).program().report;
    const BoundStep& unread = tapped.steps().train(batch);
    EXPECT_EQ(unread.program().report.instructions, without.instructions);
    EXPECT_TRUE(unread.taps().empty());
    EXPECT_EQ(read.steps().train(batch, true).taps().size(), 2u);
  }
  for (const Sequential* model : {&tapped, &read}) {
    const auto expected = plain.get_weights(), weights = model->get_weights();
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_THAT(weights[i].to_vector(), Pointwise(FloatNear(1e-6f), expected[i].to_vector()));
    }
  }
}

TEST(TrainingTaps, OfABoundStepAreReadAfterEachRun) {
  Variable total(zeros({2}), "total");
  const auto body = [&](std::span<const Array> in) -> std::vector<Array> {
    const Array doubled = tap("doubled", tap("input", in[0]) * 2);
    total.assign(total.value() + doubled);
    return {sum(doubled)};
  };
  const std::vector<TensorSpec> specs = {{{2}, DType::float32}};
  BoundStep step({total}, specs, body, true);
  for (const float x : {1.f, 4.f}) {
    step.run(std::vector{HostTensor::from(std::vector<float>{x, -x})});
    EXPECT_THAT(step.taps(), UnorderedElementsAre(Key("doubled"), Key("input")));
    EXPECT_THAT(step.taps().at("doubled").values<float>(), ElementsAre(2 * x, -2 * x));
    EXPECT_THAT(step.taps().at("input").values<float>(), ElementsAre(x, -x));
    EXPECT_EQ(step.outputs()[0].values<float>()[0], 0);
  }
  EXPECT_THAT(total.value().to_vector(), ElementsAre(10, -10));
  BoundStep without({total}, specs, body);
  EXPECT_TRUE(without.taps().empty());
  EXPECT_TRUE(without.graph().named_outputs.empty());
}

}  // namespace
}  // namespace danlu
