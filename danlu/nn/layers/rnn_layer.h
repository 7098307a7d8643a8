#pragma once

#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/rnn_cell.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {

/// The fields of `To` that `From` has too; the others keep their defaults.
template <class To, class From>
To shared_fields(const From& from) {
  To to;
  To::fields(to, [&](const char* name, auto& value) {
    From::fields(from, [&](const char* other, const auto& given) {
      if constexpr (std::is_same_v<std::decay_t<decltype(given)>, std::decay_t<decltype(value)>>) {
        if (std::strcmp(name, other) == 0) value = given;
      }
    });
  });
  return to;
}

/// What RNN, SimpleRNN, LSTM, GRU and ConvLSTM are: the loop over a cell, which is a sublayer.
/// `Config` has the fields of `RNNConfig::loop_fields`.
template <class Config>
class RNNLayer final : public ConfiguredLayer<Config>, public RecurrentLoop {
 public:
  /// `rank` 0: three axes or more. `axes` is how errors describe the input.
  RNNLayer(std::string_view type, Config config, Layer cell, int rank, std::string axes)
      : ConfiguredLayer<Config>(type, std::move(config)),
        layer_(std::move(cell)),
        cell_(as_cell(this->where(), layer_)),
        rank_(rank),
        axes_(std::move(axes)) {
    if constexpr (requires { this->config().activity_regularizer; }) {
      this->set_activity_regularizer(this->config().activity_regularizer);
    }
  }

  void reset_state() override {
    for (Variable& state : states_) state.assign(zeros(state.shape(), state.dtype()));
  }
  void set_zero_output_for_mask(bool zero) override {
    this->mutable_config().zero_output_for_mask = zero;
  }
  std::vector<std::string> input_arguments() const override {
    return {"sequences", "initial_state"};
  }
  bool awaits_batch() const override { return this->config().stateful && states_.empty(); }

 protected:
  std::vector<Layer> sublayers() const override { return {layer_}; }
  bool supports_masking() const override { return true; }

  Shape output_shape(const Shape& input) const override { return output_shapes({input})[0]; }
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    const Shape& input = inputs.at(0);
    if (rank_ > 0) {
      check_rank(input, rank_, axes_);
    } else {
      check_rank_at_least(input, 3);
    }
    check_steps(input);
    const std::vector<Shape> states = cell_.state_shapes(input.without_axis(1));
    Shape output = states[cell_.output_state()];
    if (this->config().return_sequences) output = output.with_axis_inserted(1, input[1]);
    std::vector<Shape> all = {output};
    if (this->config().return_state) all.insert(all.end(), states.begin(), states.end());
    return all;
  }

  void build(const Shape& input) override { build_inputs({input}); }
  void build_inputs(const std::vector<Shape>& inputs) override {
    const Shape step = inputs.at(0).without_axis(1);
    layer_->ensure_built(step);
    if (this->config().stateful && step[0] != Shape::kUnknown) make_states(step);
  }

  Array call(const Array& x, const CallContext& context) override {
    return call_inputs({x}, context)[0];
  }
  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    const Config& c = this->config();
    const Array& sequence = inputs.at(0);
    const Shape step = sequence.shape().without_axis(1);
    const std::vector<Array> given(inputs.begin() + 1, inputs.end());
    std::vector<Array> states = states_or_zeros(given, cell_.state_shapes(step), sequence.dtype());
    if (c.stateful) {
      if (states_.empty()) make_states(step);
      check_batch(step[0]);
      for (size_t i = 0; given.empty() && i < states.size(); ++i) {
        states[i] = cast(states_[i], sequence.dtype());
      }
    }
    const Array mask = loop_mask(context, given.empty());
    const LoopResult result = run_cell(cell_, sequence, states, mask,
                                       {.go_backwards = c.go_backwards,
                                        .unroll = c.unroll,
                                        .zero_output_for_mask = c.zero_output_for_mask},
                                       context);
    if (c.stateful) {
      for (size_t i = 0; i < states_.size(); ++i) {
        states_[i].assign(cast(result.states[i], states_[i].dtype()));
      }
    }
    std::vector<Array> all = {c.return_sequences ? result.outputs : last_step(result.outputs)};
    if (c.return_state) all.insert(all.end(), result.states.begin(), result.states.end());
    return all;
  }

  std::vector<Array> compute_mask(const std::vector<Array>& /*inputs*/,
                                  const std::vector<Array>& masks) const override {
    const Config& c = this->config();
    std::vector<Array> all(1);
    if (c.return_sequences && !masks.empty()) all[0] = masks[0];
    if (c.return_state) all.resize(1 + cell_.num_states());
    return all;
  }

 private:
  static Array last_step(const Array& outputs) {
    std::vector<int64_t> start(static_cast<size_t>(outputs.rank()), 0);
    start[1] = outputs.shape()[1] - 1;
    return squeeze(slice(outputs, start, outputs.shape().to_vector()), 1);
  }

  void check_steps(const Shape& input) const {
    if (input[1] == 0) {
      throw ShapeError({.what = "A sequence without steps has no last output",
                        .expected = "one step at least on axis 1",
                        .received = input.to_string()});
    }
    if (this->config().unroll && input[1] == Shape::kUnknown) {
      throw ValueError({.what = "A loop of unknown length cannot be unrolled",
                        .expected = "a known number of time steps, axis 1",
                        .received = input.to_string(),
                        .hint = "give the length in the Input, or leave `unroll` out"});
    }
  }

  void make_states(const Shape& step) {
    for (const Shape& shape : cell_.state_shapes(step)) {
      states_.push_back(this->add_state("rnn_state", shape));
    }
  }
  void check_batch(int64_t batch) const {
    const int64_t expected = states_.empty() ? batch : states_[0].shape()[0];
    if (batch == expected) return;
    throw ValueError({.what = "A stateful layer keeps one state for each sample of a batch, so "
                              "all batches have the same size",
                      .expected = "a batch of " + std::to_string(expected),
                      .received = "a batch of " + std::to_string(batch)});
  }

  Layer layer_;
  RNNCell& cell_;
  int rank_;
  std::string axes_;
  std::vector<Variable> states_;
};

}  // namespace danlu
