#include "danlu/nn/layers/transformer.h"

#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/attention_masks.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/multi_head_attention.h"
#include "danlu/nn/layers/normalization.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

/// A padding mask, (batch, S), and a mask of attention, (batch, T, S), as one of attention. Errors:
/// ShapeError for masks with another number of axes.
Array merged_mask(const Array& padding, const Array& attention) {
  const auto check = [](const Array& mask, int rank, const char* axes) {
    if (!mask.defined() || mask.rank() == rank) return;
    throw ShapeError({.what = "A mask has another number of axes",
                      .expected = axes,
                      .received = mask.shape().to_string()});
  };
  check(padding, 2, "a padding mask of shape (batch, time)");
  check(attention, 3, "an attention mask of shape (batch, target time, source time)");
  const auto as_bool = [](const Array& mask) { return cast(mask, DType::bool_); };
  return both(padding.defined() ? expand_dims(as_bool(padding), 1) : Array(),
              attention.defined() ? as_bool(attention) : Array());
}

/// What the blocks share: how their parts are made and joined.
template <class Config>
class TransformerBlock : public ConfiguredLayer<Config> {
 public:
  TransformerBlock(std::string_view type, Config c) : ConfiguredLayer<Config>(type, std::move(c)) {
    check_at_least(this->where(), "intermediate_dim", this->config().intermediate_dim, 1);
    check_at_least(this->where(), "num_heads", this->config().num_heads, 1);
  }

  bool supports_masking() const override { return true; }
  std::vector<Array> compute_mask(const std::vector<Array>&,
                                  const std::vector<Array>& masks) const override {
    if (masks.empty() || !masks[0].defined()) return {};
    return {masks[0]};
  }

 protected:
  static constexpr const char* kAxes = "(batch, time, features)";

  const std::string& dtype_name() const { return this->dtype_policy().name; }

  Layer attention(const char* name, const Shape& query, const Shape& value) const {
    const Config& c = this->config();
    check_known_axis(query, -1);
    if (query[-1] < c.num_heads) {
      throw ValueError({.what = "There are more heads than features",
                        .expected = "`num_heads` of at most " + std::to_string(query[-1]),
                        .received = "num_heads=" + std::to_string(c.num_heads)});
    }
    const Layer layer = MultiHeadAttention({.num_heads = c.num_heads,
                                            .key_dim = query[-1] / c.num_heads,
                                            .dropout = c.dropout,
                                            .kernel_initializer = c.kernel_initializer,
                                            .bias_initializer = c.bias_initializer,
                                            .name = name,
                                            .dtype = dtype_name()});
    layer->ensure_built({query, value});
    return layer;
  }
  Layer norm(const char* name, const Shape& input) const {
    const Layer layer = LayerNormalization(
        {.epsilon = this->config().layer_norm_epsilon, .name = name, .dtype = dtype_name()});
    layer->ensure_built(input);
    return layer;
  }
  Layer dense(const char* name, int64_t units, const ActivationFunction& activation,
              const Shape& input) const {
    const Layer layer = Dense({.units = units,
                               .activation = activation,
                               .kernel_initializer = this->config().kernel_initializer,
                               .bias_initializer = this->config().bias_initializer,
                               .name = name,
                               .dtype = dtype_name()});
    layer->ensure_built(input);
    return layer;
  }
  Layer drop(const char* name) const {
    return Dropout({.rate = this->config().dropout, .name = name, .dtype = dtype_name()});
  }
  void build_feedforward(const Shape& input) {
    const Config& c = this->config();
    intermediate_ =
        dense("feedforward_intermediate_dense", c.intermediate_dim, c.activation, input);
    output_ = dense("feedforward_output_dense", input[-1], {},
                    input.with_dim(input.rank() - 1, c.intermediate_dim));
    feedforward_norm_ = norm("feedforward_layer_norm", input);
    feedforward_dropout_ = drop("feedforward_dropout");
  }

  /// x and what `part` makes of it, normalized before or after.
  template <class Part>
  Array residual(const Array& x, const Layer& norm, const Layer& dropout, bool training,
                 const Part& part) const {
    const bool first = this->config().normalize_first;
    const Array y = part(first ? norm(x) : x);
    const Array sum = dropout(y, {.training = training}) + x;
    return first ? sum : norm(sum);
  }
  Array feedforward(const Array& x, bool training) const {
    return residual(x, feedforward_norm_, feedforward_dropout_, training, [&](const Array& y) {
      return output_(intermediate_(y, {.training = training}), {.training = training});
    });
  }

  Layer intermediate_{nullptr}, output_{nullptr}, feedforward_norm_{nullptr};
  Layer feedforward_dropout_{nullptr};
};

class TransformerEncoderImpl final : public TransformerBlock<TransformerConfig> {
 public:
  explicit TransformerEncoderImpl(TransformerConfig c)
      : TransformerBlock("TransformerEncoder", std::move(c)) {}

  std::vector<Layer> sublayers() const override {
    if (!attention_.impl()) return {};
    return {attention_,          norm_, dropout_, feedforward_norm_, intermediate_, output_,
            feedforward_dropout_};
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank(input, 3, kAxes);
    return input;
  }
  std::vector<Shape> output_shapes_of_call(const std::vector<Shape>& inputs,
                                           const Json& arguments) const override {
    std::vector<Shape> all = output_shapes(inputs);
    if (CallContext::flag_of(arguments, "return_attention_scores")) {
      const Shape& x = inputs[0];
      all.push_back({x[0], config().num_heads, x[1], x[1]});
    }
    return all;
  }
  void build(const Shape& input) override {
    attention_ = attention("self_attention_layer", input, input);
    norm_ = norm("self_attention_layer_norm", input);
    dropout_ = drop("self_attention_dropout");
    build_feedforward(input);
  }

  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    const Array own = context.mask(), padding = context.tensor("padding_mask");
    const Array mask =
        merged_mask(padding.defined() ? padding : own, context.tensor("attention_mask"));
    const bool wants_scores = context.flag("return_attention_scores");
    CallContext inner{.training = context.training,
                      .masks = {own, own},
                      .arguments = Json::object({{"return_attention_scores", wants_scores}})};
    if (mask.defined()) inner.tensors.emplace("attention_mask", mask);
    Array scores;
    const Array x = residual(inputs.at(0), norm_, dropout_, context.training, [&](const Array& y) {
      const std::vector<Array> results = attention_({y, y}, inner);
      scores = results.back();
      return results[0];
    });
    const Array y = feedforward(x, context.training);
    if (wants_scores) return {y, scores};
    return {y};
  }

  Layer attention_{nullptr}, norm_{nullptr}, dropout_{nullptr};
};

class TransformerDecoderImpl final : public TransformerBlock<TransformerDecoderConfig> {
 public:
  explicit TransformerDecoderImpl(TransformerDecoderConfig c)
      : TransformerBlock("TransformerDecoder", std::move(c)) {}

  std::vector<std::string> input_arguments() const override {
    return {"decoder_sequence", "encoder_sequence"};
  }
  std::vector<Layer> sublayers() const override {
    std::vector<Layer> all;
    for (const Layer& layer :
         {attention_, norm_, dropout_, cross_attention_, cross_norm_, cross_dropout_, intermediate_,
          output_, feedforward_norm_, feedforward_dropout_}) {
      if (layer.impl()) all.push_back(layer);
    }
    return all;
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    if (inputs.empty() || inputs.size() > 2) refuse_inputs("one or two inputs", inputs.size());
    if (built() && cross_attention_.impl() && inputs.size() < 2) {
      refuse_inputs("two, as when the layer was built", 1);
    }
    if (built() && !cross_attention_.impl() && inputs.size() > 1) {
      refuse_inputs("one, as when the layer was built", 2);
    }
    for (const Shape& input : inputs) check_rank(input, 3, kAxes);
    return {inputs[0]};
  }
  [[noreturn]] static void refuse_inputs(const char* expected, size_t received) {
    throw ValueError({.what = "The number of inputs is wrong",
                      .expected = expected,
                      .received = std::to_string(received),
                      .hint = "{decoder sequence, encoder sequence} with attention to an encoder, "
                              "the decoder sequence alone without"});
  }

  void build_inputs(const std::vector<Shape>& inputs) override {
    auto& c = mutable_config();
    if (!c.decoder_sequence_shape.defined()) {
      c.decoder_sequence_shape = OptionalShape(inputs[0]);
      if (inputs.size() > 1) c.encoder_sequence_shape = OptionalShape(inputs[1]);
    }
    attention_ = attention("self_attention", inputs[0], inputs[0]);
    norm_ = norm("self_attention_layer_norm", inputs[0]);
    dropout_ = drop("self_attention_dropout");
    if (inputs.size() > 1) {
      cross_attention_ = attention("cross_attention", inputs[0], inputs[1]);
      cross_norm_ = norm("cross_attention_layer_norm", inputs[0]);
      cross_dropout_ = drop("cross_attention_dropout");
    }
    build_feedforward(inputs[0]);
  }

  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    for (const char* name : {"self_attention_cache", "cross_attention_cache"}) {
      if (!context.tensor(name).defined()) continue;
      throw UnsupportedError({.what = std::string("`") + name + "` is not supported",
                              .expected = "a call with the whole sequence",
                              .received = "a cache"});
    }
    const auto mask_of = [&](size_t input, const std::string& side) {
      const Array padding = context.tensor(side + "_padding_mask");
      return merged_mask(padding.defined() ? padding : context.mask(input),
                         context.tensor(side + "_attention_mask"));
    };
    const auto attend = [&](const Layer& layer, const Array& query, const Array& value,
                            const Array& mask, bool causal) {
      CallContext inner{.training = context.training,
                        .arguments = Json::object({{"use_causal_mask", causal}})};
      if (mask.defined()) inner.tensors.emplace("attention_mask", mask);
      return layer({query, value}, inner)[0];
    };
    Array x = residual(inputs[0], norm_, dropout_, context.training, [&](const Array& y) {
      return attend(attention_, y, y, mask_of(0, "decoder"), context.flag("use_causal_mask", true));
    });
    if (cross_attention_.impl()) {
      x = residual(x, cross_norm_, cross_dropout_, context.training, [&](const Array& y) {
        return attend(cross_attention_, y, inputs[1], mask_of(1, "encoder"), false);
      });
    }
    return {feedforward(x, context.training)};
  }

  Layer attention_{nullptr}, norm_{nullptr}, dropout_{nullptr};
  Layer cross_attention_{nullptr}, cross_norm_{nullptr}, cross_dropout_{nullptr};
};

Layer decoder(TransformerDecoderConfig config) {
  std::vector<Shape> shapes;
  for (const OptionalShape& shape :
       {config.decoder_sequence_shape, config.encoder_sequence_shape}) {
    if (shape.defined()) shapes.push_back(shape.value());
  }
  const Layer layer(std::make_shared<TransformerDecoderImpl>(std::move(config)));
  if (!shapes.empty()) layer->ensure_built(shapes);
  return layer;
}

}  // namespace

TransformerEncoder::TransformerEncoder(TransformerConfig config)
    : Layer(std::make_shared<TransformerEncoderImpl>(std::move(config))) {}
TransformerDecoder::TransformerDecoder(TransformerDecoderConfig config)
    : Layer(decoder(std::move(config))) {}

}  // namespace danlu
