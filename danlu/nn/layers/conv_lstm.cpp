#include "danlu/nn/layers/conv_lstm.h"

#include <algorithm>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_cell.h"
#include "danlu/nn/layers/rnn_layer.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

std::vector<int64_t> for_each_axis(const std::string& where, const char* field,
                                   std::vector<int64_t> values, int rank) {
  if (values.size() == 1) values.resize(static_cast<size_t>(rank), values[0]);
  if (values.size() != static_cast<size_t>(rank)) {
    throw ValueError({.where = where,
                      .what = std::string("`") + field + "` has another length",
                      .expected = "1 or " + std::to_string(rank) + " integers",
                      .received = std::to_string(values.size())});
  }
  for (const int64_t value : values) check_at_least(where, field, value, 1);
  return values;
}

ConvLSTMConfig standardized(const std::string& where, ConvLSTMConfig c, int rank) {
  check_at_least(where, "filters", c.filters, 1);
  check_padding(where, c.padding);
  c.kernel_size = for_each_axis(where, "kernel_size", std::move(c.kernel_size), rank);
  c.strides = for_each_axis(where, "strides", std::move(c.strides), rank);
  c.dilation_rate = for_each_axis(where, "dilation_rate", std::move(c.dilation_rate), rank);
  if (c.data_format != "channels_last" && c.data_format != "channels_first") {
    throw ValueError({.where = where,
                      .what = "`data_format` is unknown",
                      .expected = "\"channels_last\" or \"channels_first\"",
                      .received = "\"" + c.data_format + "\""});
  }
  if (std::ranges::max(c.strides) > 1 && std::ranges::max(c.dilation_rate) > 1) {
    throw ValueError({.where = where,
                      .what = "`strides` above 1 do not go with a `dilation_rate` above 1",
                      .expected = "1 for one of them",
                      .received = "both above 1"});
  }
  return c;
}

class ConvLSTMCell final : public ConfiguredCell<ConvLSTMConfig> {
 public:
  ConvLSTMCell(ConvLSTMConfig c, int rank)
      : ConfiguredCell("ConvLSTMCell", std::move(c)), rank_(rank) {
    if (config().dropout > 0 || config().recurrent_dropout > 0) {
      seed_state_ = add_seed_state(config().seed);
    }
  }

  Json get_config() const override {
    Json json = Json::object();
    ConvLSTMConfig::cell_fields(
        config(), [&](const char* name, const auto& value) { json.set(name, to_json(value)); });
    return json;
  }

  size_t num_states() const override { return 2; }
  std::vector<Shape> state_shapes(const Shape& input) const override {
    check_rank(input, rank_ + 2, "(batch, spatial…, channels) in each step");
    check_known_axis(input, channels());
    if (built()) check_axis(input, channels(), kernel_.shape()[rank_]);
    Shape shape = input.with_dim(channels(), config().filters);
    for (int i = 0; i < rank_; ++i) {
      const auto at = static_cast<size_t>(i);
      const int axis = (channels_first() ? 2 : 1) + i;
      const int64_t window = (config().kernel_size[at] - 1) * config().dilation_rate[at] + 1;
      shape = shape.with_dim(
          axis, window_output(input[axis], window, config().strides[at], config().padding, input));
    }
    return {shape, shape};
  }

  CellStep step(const Shape& input, DType dtype, const CallContext& context) override {
    const Shape state = state_shapes(input)[0];
    const auto inputs = factors(config().dropout, input.with_axis_inserted(1, 1), dtype, context);
    const auto states = factors(config().recurrent_dropout, state, dtype, context);
    const ConvOptions over_inputs{.strides = config().strides,
                                  .padding = config().padding,
                                  .data_format = config().data_format,
                                  .dilation_rate = config().dilation_rate};
    const ConvOptions over_states{.padding = "same", .data_format = config().data_format};
    const Array kernel = kernel_, recurrent = recurrent_kernel_;
    const Array bias = bias_.defined() ? Array(bias_) : Array();
    const int axis = channels();
    const int rank = rank_;
    const auto gated = [axis](const Array& x, const Array& weights, const auto& dropped,
                              const ConvOptions& options, auto&& prepared) {
      if (dropped.empty()) return conv(prepared(x), weights, options);
      const auto kernels = split(weights, 4, -1);
      std::vector<Array> parts;
      for (size_t i = 0; i < 4; ++i) {
        parts.push_back(conv(prepared(x * dropped[i]), kernels[i], options));
      }
      return concatenate(parts, axis);
    };
    const auto project = [=](const Array& x) {  // all steps as one batch
      const Shape rest = x.shape().without_axis(1);
      const int64_t batch = x.shape()[0], time = x.shape()[1];
      const auto as_batch = [&](const Array& all) {
        return reshape(all, rest.with_dim(0, batch * time));
      };
      Array y = gated(x, kernel, inputs, over_inputs, as_batch);
      if (bias.defined()) {
        std::vector<int64_t> dims(static_cast<size_t>(rank) + 2, 1);
        dims[static_cast<size_t>(axis)] = bias.shape()[0];
        y = y + reshape(bias, Shape(dims));
      }
      return reshape(y, y.shape().with_dim(0, batch).with_axis_inserted(1, time));
    };
    const auto activation = config().activation, gate = config().recurrent_activation;
    const auto advance = [=](const Array& x, const std::vector<Array>& now) {
      const Array z =
          x + gated(now[0], recurrent, states, over_states, [](const Array& h) { return h; });
      const auto parts = split(z, 4, axis);
      const Array c = gate(parts[1]) * now[1] + gate(parts[0]) * activation(parts[2]);
      const Array h = gate(parts[3]) * activation(c);
      return std::vector<Array>{h, h, c};
    };
    return {.project = project, .advance = advance};
  }

 private:
  bool channels_first() const { return config().data_format == "channels_first"; }
  int channels() const { return channels_first() ? 1 : rank_ + 1; }

  void build(const Shape& input) override {
    const ConvLSTMConfig& c = config();
    std::vector<int64_t> dims = c.kernel_size;
    dims.insert(dims.end(), {input[channels()], 4 * c.filters});
    kernel_ = add_weight("kernel", Shape(dims), c.kernel_initializer, c.kernel_regularizer,
                         c.kernel_constraint);
    dims[dims.size() - 2] = c.filters;
    recurrent_kernel_ = add_weight("recurrent_kernel", Shape(dims), c.recurrent_initializer,
                                   c.recurrent_regularizer, c.recurrent_constraint);
    if (!c.use_bias) return;
    Initializer bias = c.bias_initializer;
    if (c.unit_forget_bias) {
      bias = Initializer([rest = c.bias_initializer, n = c.filters](const Shape&, DType dtype) {
        return concatenate({rest({n}, dtype), ones({n}, dtype), rest({2 * n}, dtype)});
      });
    }
    bias_ = add_weight("bias", {4 * c.filters}, bias, c.bias_regularizer, c.bias_constraint);
  }

  /// One for each gate; none where nothing is dropped.
  std::vector<Array> factors(double rate, const Shape& shape, DType dtype,
                             const CallContext& context) {
    std::vector<Array> all;
    if (!context.training || rate <= 0 || rate >= 1) return all;
    for (int i = 0; i < 4; ++i) all.push_back(dropout_factors(seed_state_, shape, rate, dtype));
    return all;
  }

  int rank_;
  Variable kernel_, recurrent_kernel_, bias_, seed_state_;
};

std::shared_ptr<LayerImpl> conv_lstm(ConvLSTMConfig config, int rank) {
  const std::string type = "ConvLSTM" + std::to_string(rank) + "D";
  config = standardized(config.name.empty() ? type : type + " '" + config.name + "'",
                        std::move(config), rank);
  ConvLSTMConfig cell = config;
  cell.name = "conv_lstm_cell";
  cell.activity_regularizer = {};
  return std::make_shared<RNNLayer<ConvLSTMConfig>>(
      type, std::move(config), Layer(std::make_shared<ConvLSTMCell>(std::move(cell), rank)),
      rank + 3,
      std::string(rank == 1   ? "(batch, time, steps"
                  : rank == 2 ? "(batch, time, height, width"
                              : "(batch, time, depth, height, width") +
          ", channels)");
}

}  // namespace

ConvLSTM1D::ConvLSTM1D(ConvLSTMConfig config) : RNN(conv_lstm(std::move(config), 1)) {}
ConvLSTM2D::ConvLSTM2D(ConvLSTMConfig config) : RNN(conv_lstm(std::move(config), 2)) {}
ConvLSTM3D::ConvLSTM3D(ConvLSTMConfig config) : RNN(conv_lstm(std::move(config), 3)) {}

}  // namespace danlu
