#include "danlu/nn/layers/recurrent.h"

#include <gtest/gtest.h>

#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/conv_lstm.h"
#include "danlu/nn/layers/rnn.h"
#include "danlu/nn/layers/rnn_cell.h"
#include "danlu/nn/layers/wrappers.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;
using testing::expect_same;
using testing::random_input;

template <class L, class Config>
std::function<Layer(const std::string&)> maker(Config config) {
  return [config](const std::string& dtype) mutable {
    config.dtype = dtype;
    return Layer(L(config));
  };
}

TEST(Recurrent, LayersDoWhatEveryLayerDoes) {
  testing::check_layer({.make = maker<SimpleRNN>(SimpleRNNConfig{.units = 3}),
                        .input_shape = {4, 5, 2},
                        .output_shape = {4, 3},
                        .trainable_weights = 3,
                        .params = 2 * 3 + 3 * 3 + 3});
  testing::check_layer({.make = maker<LSTM>(LSTMConfig{.units = 3, .return_sequences = true}),
                        .input_shape = {4, 5, 2},
                        .output_shape = {4, 5, 3},
                        .trainable_weights = 3,
                        .params = 4 * (2 * 3 + 3 * 3 + 3)});
  testing::check_layer({.make = maker<GRU>(GRUConfig{.units = 3, .go_backwards = true}),
                        .input_shape = {4, 5, 2},
                        .output_shape = {4, 3},
                        .trainable_weights = 3,
                        .params = 3 * (2 * 3 + 3 * 3 + 2 * 3)});
  testing::check_layer({.make = maker<LSTM>(LSTMConfig{.units = 2, .dropout = 0.4, .seed = 3}),
                        .input_shape = {4, 3, 2},
                        .output_shape = {4, 2},
                        .trainable_weights = 3,
                        .params = 4 * (2 * 2 + 2 * 2 + 2),
                        .seed_states = 1,
                        .deterministic_training = false});
  testing::check_layer({.make =
                            [](const std::string& dtype) {
                              return Layer(Bidirectional(
                                  {.layer = GRU({.units = 2, .dtype = dtype}), .dtype = dtype}));
                            },
                        .input_shape = {4, 3, 2},
                        .output_shape = {4, 4},
                        .trainable_weights = 6,
                        .params = 2 * 3 * (2 * 2 + 2 * 2 + 2 * 2)});
  testing::check_layer({.make = maker<ConvLSTM1D>(ConvLSTMConfig{.filters = 2, .kernel_size = {2}}),
                        .input_shape = {3, 3, 4, 2},
                        .output_shape = {3, 3, 2},
                        .trainable_weights = 3,
                        .params = 4 * (2 * 2 * 2 + 2 * 2 * 2 + 2)});
}

TEST(Recurrent, OneLayerTakesSequencesOfAnyLength) {
  const LSTM layer({.units = 3, .return_sequences = true});
  const Array x = random_input({2, 6, 4}, DType::float32, 1);
  EXPECT_EQ(layer->compute_output_shape({kNone, kNone, 4}), (Shape{kNone, kNone, 3}));
  const Array whole = layer(x), begin = layer(slice(x, {0, 0, 0}, {2, 4, 4}));
  expect_same(begin, slice(whole, {0, 0, 0}, {2, 4, 3}), 1e-6);
}

TEST(Recurrent, AStatefulLayerGoesOnWhereTheLastCallEnded) {
  const auto check = [](const RNN& layer) {
    const Array x = random_input({2, 6, 4}, DType::float32, 1);
    const Array first = slice(x, {0, 0, 0}, {2, 3, 4}), second = slice(x, {0, 3, 0}, {2, 6, 4});
    const Array whole = layer(x).eval();
    layer.reset_state();
    const Array parts = concatenate({layer(first).eval(), layer(second).eval()}, 1);
    expect_same(parts, whole, 1e-5);
    layer.reset_state();
    expect_same(layer(x), whole, 1e-5);
    expect_error<ValueError>(
        [&] {
          layer(slice(x, {0, 0, 0}, {1, 6, 4}));
        },
        "[" + layer->where() +
            "] A stateful layer keeps one state for each sample of a batch, "
            "so all batches have the same size. Expected a batch of 2. "
            "Received a batch of 1.");
  };
  check(SimpleRNN({.units = 3, .return_sequences = true, .stateful = true}));
  check(LSTM({.units = 3, .return_sequences = true, .stateful = true}));
  check(GRU({.units = 3, .return_sequences = true, .stateful = true}));
}

TEST(Recurrent, StatesAreNoWeights) {
  const LSTM layer({.units = 3, .stateful = true});
  layer(random_input({2, 6, 4}, DType::float32, 1));
  EXPECT_EQ(layer.weights().size(), 3u);
  EXPECT_EQ(layer->non_trainable_variables().size(), 2u);
}

TEST(Recurrent, DroppedInputsAreTheSameInEveryStep) {
  const auto steps = [](const RNN& layer, const Array& kernel) {
    layer->ensure_built(Shape{kNone, kNone, 50});
    layer.weights()[0].assign(kernel);
    layer.weights()[1].assign(zeros(layer.weights()[1].shape()));
    return layer(ones({2, 3, 50}), {.training = true}).to_vector<double>();
  };
  const auto values = steps(SimpleRNN({.units = 50,
                                       .activation = "linear",
                                       .use_bias = false,
                                       .dropout = 0.75,
                                       .seed = 1,
                                       .return_sequences = true}),
                            eye(50));
  int kept = 0;
  for (size_t i = 0; i < 100; ++i) {
    const size_t at = i / 50 * 150 + i % 50;
    EXPECT_TRUE(values[at] == 0 || values[at] == 4) << values[at];
    EXPECT_EQ(values[at], values[at + 50]);
    EXPECT_EQ(values[at], values[at + 100]);
    kept += values[at] != 0;
  }
  EXPECT_GT(kept, 10);
  EXPECT_LT(kept, 45);
}

TEST(Recurrent, DropoutDrawsAnewInEachCallAndOnlyInTraining) {
  const auto check = [](const RNN& layer) {
    const Array x = random_input({2, 4, 5}, DType::float32, 1);
    expect_same(layer(x), layer(x), 0);
    const auto difference = [](const Array& a, const Array& b) {
      return max(abs(a - b)).item<double>();
    };
    const Array drawn = layer(x, {.training = true}).eval();
    EXPECT_GT(difference(drawn, layer(x)), 1e-3);
    EXPECT_GT(difference(drawn, layer(x, {.training = true})), 1e-3);
  };
  check(SimpleRNN({.units = 6, .recurrent_dropout = 0.5}));
  check(LSTM({.units = 6, .dropout = 0.5, .recurrent_dropout = 0.5}));
  check(LSTM({.units = 6, .dropout = 0.5}));
  check(GRU({.units = 6, .dropout = 0.5, .recurrent_dropout = 0.5}));
  check(GRU({.units = 6, .recurrent_dropout = 0.5, .reset_after = false}));
  check(RNN({.cell = StackedRNNCells(
                 {.cells = {LSTMCell({.units = 6, .dropout = 0.5}), GRUCell({.units = 6})}})}));
}

/// h ← h + x: a cell of one's own.
class SumCell final : public LayerImpl, public RNNCell {
 public:
  SumCell() : LayerImpl("SumCell", {}) {}
  Json get_config() const override { return Json::object(); }
  std::vector<Shape> state_shapes(const Shape& input) const override { return {input}; }
  CellStep step(const Shape&, DType, const CallContext&) override {
    return {.advance = [](const Array& x, const std::vector<Array>& states) {
      const Array h = states[0] + x;
      return std::vector<Array>{h, h};
    }};
  }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
};

TEST(Recurrent, AUsersOwnCellIsTakenOverTheSequence) {
  const RNN layer({.cell = Layer(std::make_shared<SumCell>()), .return_sequences = true});
  const Array x(std::vector<float>{1, 2, 3, 4}, {1, 4, 1});
  EXPECT_EQ(layer(x).to_vector<float>(), (std::vector<float>{1, 3, 6, 10}));
  const Array mask = cast(Array(std::vector<float>{1, 0, 1, 0}, {1, 4}), DType::bool_);
  EXPECT_EQ(layer(x, {.masks = {mask}}).to_vector<float>(), (std::vector<float>{1, 1, 4, 4}));
}

TEST(Recurrent, MaskedStepsOfAConvLSTMRepeatTheOutput) {
  const ConvLSTM2D layer({.filters = 2, .kernel_size = {2}, .return_sequences = true});
  const Array x = random_input({2, 3, 4, 4, 1}, DType::float32, 1);
  const Array mask = cast(Array(std::vector<float>{1, 1, 0, 1, 0, 0}, {2, 3}), DType::bool_);
  const Array plain = layer(x), masked = layer(x, {.masks = {mask}});
  const auto step = [](const Array& y, int64_t sample, int64_t t) {
    return slice(y, {sample, t, 0, 0, 0}, {sample + 1, t + 1, 3, 3, 2});
  };
  expect_same(step(masked, 0, 1), step(plain, 0, 1), 1e-6);
  expect_same(step(masked, 0, 2), step(plain, 0, 1), 1e-6);
  expect_same(step(masked, 1, 2), step(plain, 1, 0), 1e-6);
}

TEST(Recurrent, MistakesAreNamed) {
  expect_error<ValueError>([] { LSTM({.units = 0, .name = "a"}); },
                           "[LSTM 'a'] `units` is too small. Expected an integer of at least 1. "
                           "Received units=0.");
  const GRU gru({.units = 2, .name = "g"});
  const Array x = ones({2, 3, 4});
  expect_error<ShapeError>(
      [&] {
        gru(ones({2, 3}));
      },
      "[GRU 'g'] The input has the wrong number of axes. Expected (batch, time, features). "
      "Received (2, 3).");
  expect_error<ShapeError>(
      [&] {
        gru(ones({2, 0, 4}));
      },
      "[GRU 'g'] A sequence without steps has no last output. Expected one "
      "step at least on axis 1. Received (2, 0, 4).");
  expect_error<ValueError>(
      [&] {
        gru(std::vector<Array>{x, ones({2, 2}), ones({2, 2})});
      },
      "[GRU 'g'] The number of initial states is wrong. Expected 1 behind the "
      "sequence, or none. Received 2.");
  expect_error<ShapeError>(
      [&] {
        gru(std::vector<Array>{x, ones({2, 3})});
      },
      "[GRU 'g'] Initial state 0 has the wrong shape. Expected (2, 2). "
      "Received (2, 3).");
  EXPECT_THROW(RNN({.cell = GRU({.units = 2})}), ValueError);
  EXPECT_THROW(RNN(RNNConfig{}), ValueError);
  EXPECT_THROW(Bidirectional({.layer = GRU({.units = 2}), .merge_mode = "max"}), ValueError);
  EXPECT_THROW(Bidirectional({.layer = GRU({.units = 2}),
                              .backward_layer = GRU(
                                  {.units = 2, .return_sequences = true, .go_backwards = true})}),
               ValueError);
  EXPECT_THROW(ConvLSTM2D({.filters = 1, .kernel_size = {2}, .strides = {2}, .dilation_rate = {2}}),
               ValueError);
}

}  // namespace
}  // namespace danlu
