#include <algorithm>
#include <cstring>
#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_cell.h"
#include "danlu/nn/layers/recurrent.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/recurrent.h"

namespace danlu {
namespace {

/// Null where the op's own default is meant, which has kernels for all steps at once.
RecurrentActivation unless(const char* standard, const ActivationFunction& function) {
  return function.name() == standard ? RecurrentActivation() : RecurrentActivation(function);
}

/// x · kernel with factors for x: none, the same for all gates, or those of each gate.
Array gated_product(const Array& x, const Array& kernel, const std::vector<Array>& factors) {
  if (factors.empty()) return matmul(x, kernel);
  if (factors.size() == 1) return matmul(x * factors[0], kernel);
  const auto kernels = split(kernel, static_cast<int64_t>(factors.size()), -1);
  std::vector<Array> products;
  for (size_t i = 0; i < factors.size(); ++i) {
    products.push_back(matmul(x * factors[i], kernels[i]));
  }
  return concatenate(products, -1);
}

/// Weights, shapes and dropout of the three cells.
template <class Config>
class UnitsCell : public ConfiguredCell<Config> {
 public:
  UnitsCell(std::string_view type, Config c, int64_t gates, size_t states)
      : ConfiguredCell<Config>(type, std::move(c)), gates_(gates), states_(states) {
    check_at_least(this->where(), "units", this->config().units, 1);
    if (dropout() > 0 || recurrent_dropout() > 0) {
      seed_state_ = this->add_seed_state(this->config().seed);
    }
  }

  size_t num_states() const override { return states_; }
  std::vector<Shape> state_shapes(const Shape& input) const override {
    check_rank(input, 2, "(batch, features) in each step");
    check_known_axis(input, -1);
    if (this->built()) check_axis(input, -1, kernel_.shape()[0]);
    return std::vector<Shape>(states_, Shape{input[0], this->config().units});
  }

 protected:
  void build(const Shape& input) override {
    const Config& c = this->config();
    const int64_t width = gates_ * c.units;
    kernel_ = this->add_weight("kernel", Shape{input[-1], width}, c.kernel_initializer,
                               c.kernel_regularizer, c.kernel_constraint);
    recurrent_kernel_ =
        this->add_weight("recurrent_kernel", Shape{c.units, width}, c.recurrent_initializer,
                         c.recurrent_regularizer, c.recurrent_constraint);
    if (!c.use_bias) return;
    bias_ = this->add_weight("bias", bias_shape(width), bias_initializer(), c.bias_regularizer,
                             c.bias_constraint);
  }
  virtual Shape bias_shape(int64_t width) const { return {width}; }
  virtual Initializer bias_initializer() const { return this->config().bias_initializer; }
  /// Whether a rate of 1 drops everything; else it drops nothing.
  virtual bool drops_everything() const { return false; }

  double dropout() const { return std::clamp(this->config().dropout, 0.0, 1.0); }
  double recurrent_dropout() const {
    return std::clamp(this->config().recurrent_dropout, 0.0, 1.0);
  }
  bool drops(double rate, const CallContext& context) const {
    return context.training && rate > 0 && (rate < 1 || drops_everything());
  }

  /// One set of factors, or with `recurrent_dropout` one for each gate.
  std::vector<Array> factors(double rate, const Shape& shape, DType dtype,
                             const CallContext& context) {
    std::vector<Array> all;
    if (!drops(rate, context)) return all;
    const int64_t count = recurrent_dropout() > 0 ? gates_ : 1;
    for (int64_t i = 0; i < count; ++i) {
      all.push_back(dropout_factors(seed_state_, shape, rate, dtype));
    }
    return all;
  }
  /// Of the inputs of all steps, which share them.
  std::vector<Array> input_factors(const Shape& input, DType dtype, const CallContext& context) {
    return factors(dropout(), input.with_axis_inserted(1, 1), dtype, context);
  }
  std::vector<Array> state_factors(const Shape& input, DType dtype, const CallContext& context) {
    return factors(recurrent_dropout(), {input[0], this->config().units}, dtype, context);
  }
  std::function<Array(const Array&)> projection(std::vector<Array> factors, const Array& bias) {
    const Array kernel = kernel_;
    return [kernel, factors = std::move(factors), bias](const Array& x) {
      const Array y = gated_product(x, kernel, factors);
      return bias.defined() ? y + bias : y;
    };
  }
  Array bias() const { return bias_.defined() ? Array(bias_) : Array(); }
  std::optional<Array> optional_bias() const {
    return bias_.defined() ? std::optional<Array>(bias_) : std::nullopt;
  }

  Variable kernel_, recurrent_kernel_, bias_;

 private:
  int64_t gates_;
  size_t states_;
  Variable seed_state_;
};

class SimpleRNNCellImpl final : public UnitsCell<SimpleRNNCellConfig> {
 public:
  explicit SimpleRNNCellImpl(SimpleRNNCellConfig c)
      : UnitsCell("SimpleRNNCell", std::move(c), 1, 1) {}

  CellStep step(const Shape& input, DType dtype, const CallContext& context) override {
    const Array recurrent = recurrent_kernel_;
    const auto activation = config().activation;
    const auto dropped = state_factors(input, dtype, context);
    return {.project = projection(input_factors(input, dtype, context), bias()),
            .advance = [=](const Array& x, const std::vector<Array>& states) {
              const Array h = activation(x + gated_product(states[0], recurrent, dropped));
              return std::vector<Array>{h, h};
            }};
  }

 private:
  bool drops_everything() const override { return true; }
};

class LSTMCellImpl final : public UnitsCell<LSTMCellConfig> {
 public:
  explicit LSTMCellImpl(LSTMCellConfig c) : UnitsCell("LSTMCell", std::move(c), 4, 2) {}

  CellStep step(const Shape& input, DType dtype, const CallContext& context) override {
    const Array recurrent = recurrent_kernel_;
    const auto activation = config().activation, gate = config().recurrent_activation;
    const auto dropped = state_factors(input, dtype, context);
    return {.project = projection(input_factors(input, dtype, context), bias()),
            .advance = [=](const Array& x, const std::vector<Array>& states) {
              const auto z = split(x + gated_product(states[0], recurrent, dropped), 4, -1);
              const Array c = gate(z[1]) * states[1] + gate(z[0]) * activation(z[2]);
              const Array h = gate(z[3]) * activation(c);
              return std::vector<Array>{h, h, c};
            }};
  }

  std::optional<LoopResult> run(const Array& sequence, const std::vector<Array>& states,
                                const Array& mask, const CallContext& context) override {
    if (context.training && recurrent_dropout() > 0) return {};
    const auto dropped = input_factors(sequence.shape().without_axis(1), sequence.dtype(), context);
    const auto result =
        lstm(dropped.empty() ? sequence : sequence * dropped[0], kernel_, recurrent_kernel_,
             {.bias = optional_bias(),
              .initial_state_h = states[0],
              .initial_state_c = states[1],
              .mask = mask.defined() ? std::optional<Array>(mask) : std::nullopt,
              .activation = unless("tanh", config().activation),
              .recurrent_activation = unless("sigmoid", config().recurrent_activation)});
    return LoopResult{result.outputs, {result.state_h, result.state_c}};
  }

 private:
  Initializer bias_initializer() const override {
    const Initializer& rest = config().bias_initializer;
    if (!config().unit_forget_bias) return rest;
    return Initializer([rest](const Shape& shape, DType dtype) {
      const int64_t units = shape[0] / 4;
      return concatenate({rest({units}, dtype), ones({units}, dtype), rest({2 * units}, dtype)});
    });
  }
};

class GRUCellImpl final : public UnitsCell<GRUCellConfig> {
 public:
  explicit GRUCellImpl(GRUCellConfig c) : UnitsCell("GRUCell", std::move(c), 3, 1) {}

  CellStep step(const Shape& input, DType dtype, const CallContext& context) override {
    const Array recurrent = recurrent_kernel_;
    const int64_t units = config().units;
    const bool after = config().reset_after;
    const auto activation = config().activation, gate = config().recurrent_activation;
    const auto dropped = state_factors(input, dtype, context);
    const auto rows = after && bias_.defined() ? unstack(Array(bias_)) : std::vector<Array>();
    const Array state_bias = rows.empty() ? Array() : rows[1];
    const auto advance_after = [=](const Array& x, const std::vector<Array>& states) {
      const Array& h = states[0];
      Array product = gated_product(h, recurrent, dropped);
      if (state_bias.defined()) product = product + state_bias;
      const auto xs = split(x, 3, -1), hs = split(product, 3, -1);
      const Array z = gate(xs[0] + hs[0]), r = gate(xs[1] + hs[1]);
      const Array next = z * h + (1 - z) * activation(xs[2] + r * hs[2]);
      return std::vector<Array>{next, next};
    };
    const auto advance_before = [=](const Array& x, const std::vector<Array>& states) {
      const Array& h = states[0];
      const auto kernels = split(recurrent, std::vector<int64_t>{2 * units}, -1);
      const auto gates = dropped.empty() ? dropped : std::vector{dropped[0], dropped[1]};
      const auto xs = split(x, 3, -1), hs = split(gated_product(h, kernels[0], gates), 2, -1);
      const Array z = gate(xs[0] + hs[0]), r = gate(xs[1] + hs[1]);
      const Array read = dropped.empty() ? h : h * dropped[2];
      const Array next = z * h + (1 - z) * activation(xs[2] + matmul(r * read, kernels[1]));
      return std::vector<Array>{next, next};
    };
    CellStep step;
    step.project =
        projection(input_factors(input, dtype, context), rows.empty() ? bias() : rows[0]);
    if (after) {
      step.advance = advance_after;
    } else {
      step.advance = advance_before;
    }
    return step;
  }

  std::optional<LoopResult> run(const Array& sequence, const std::vector<Array>& states,
                                const Array& mask, const CallContext& context) override {
    if (context.training && recurrent_dropout() > 0) return {};
    const auto dropped = input_factors(sequence.shape().without_axis(1), sequence.dtype(), context);
    const auto result =
        gru(dropped.empty() ? sequence : sequence * dropped[0], kernel_, recurrent_kernel_,
            {.bias = optional_bias(),
             .initial_state = states[0],
             .mask = mask.defined() ? std::optional<Array>(mask) : std::nullopt,
             .activation = unless("tanh", config().activation),
             .recurrent_activation = unless("sigmoid", config().recurrent_activation),
             .reset_after = config().reset_after});
    return LoopResult{result.outputs, {result.state}};
  }

 private:
  Shape bias_shape(int64_t width) const override {
    return config().reset_after ? Shape{2, width} : Shape{width};
  }
};

}  // namespace

SimpleRNNCell::SimpleRNNCell(SimpleRNNCellConfig config)
    : Layer(std::make_shared<SimpleRNNCellImpl>(std::move(config))) {}
LSTMCell::LSTMCell(LSTMCellConfig config)
    : Layer(std::make_shared<LSTMCellImpl>(std::move(config))) {}
GRUCell::GRUCell(GRUCellConfig config) : Layer(std::make_shared<GRUCellImpl>(std::move(config))) {}

}  // namespace danlu
