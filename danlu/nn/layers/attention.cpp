#include "danlu/nn/layers/attention.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/layers/attention_masks.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/rnn_cell.h"
#include "danlu/ops/attention.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// What both share: everything but the scores.
template <class Config>
class AttentionBase : public ConfiguredLayer<Config> {
 public:
  AttentionBase(std::string_view type, Config c) : ConfiguredLayer<Config>(type, std::move(c)) {
    const double rate = this->config().dropout;
    if (!(rate >= 0 && rate <= 1)) {
      throw ValueError({.where = this->where(),
                        .what = "`dropout` is out of range",
                        .expected = "a number in [0, 1]",
                        .received = "dropout=" + number_text(rate)});
    }
    if (rate > 0) seed_state_ = this->add_seed_state(this->config().seed);
  }

  bool supports_masking() const override { return true; }
  std::vector<Array> compute_mask(const std::vector<Array>&,
                                  const std::vector<Array>& masks) const override {
    if (masks.empty() || !masks[0].defined()) return {};
    return {masks[0]};
  }

 protected:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_query_value_key(inputs);
    const Shape& query = inputs[0];
    return {query.with_dim(query.rank() - 1, inputs[1][-1])};
  }

  std::vector<Shape> output_shapes_of_call(const std::vector<Shape>& inputs,
                                           const Json& arguments) const override {
    std::vector<Shape> all = output_shapes(inputs);
    if (CallContext::flag_of(arguments, "return_attention_scores")) {
      const Shape& query = inputs[0];
      all.push_back(query.with_dim(query.rank() - 1, inputs.back()[-2]));
    }
    return all;
  }

  virtual Array scores(const Array& query, const Array& key) = 0;
  /// The output where it can be had without the scores; else undefined.
  virtual Array without_scores(const Array&, const Array&, const Array&, const Array& /*mask*/,
                               bool /*causal*/) {
    return {};
  }

  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    const Array &query = inputs[0], &value = inputs[1], &key = inputs.back();
    const bool causal = context.flag("use_causal_mask");
    const bool wants_scores = context.flag("return_attention_scores");
    const bool drops = context.training && this->config().dropout > 0;
    Array mask = context.mask(1);  // (batch, 1, S)
    if (mask.defined()) mask = expand_dims(cast(mask, DType::bool_), -2);
    Array output, probabilities;
    if (!wants_scores && !drops) output = without_scores(query, value, key, mask, causal);
    if (!output.defined()) {
      Array logits = scores(query, key);
      if (causal) mask = both(mask, causal_mask(query.shape()[-2], key.shape()[-2]));
      if (mask.defined()) {
        const double large = logits.dtype() == DType::float16 ? 65504.0 : 1e9;
        logits = where(mask, logits, logits - large);
      }
      probabilities = softmax(logits);
      Array weights = probabilities;
      if (drops) {
        weights = weights * dropout_factors(seed_state_, weights.shape(), this->config().dropout,
                                            weights.dtype());
        probabilities = weights;
      }
      output = matmul(weights, value);
    }
    if (const Array counts = context.mask(0); counts.defined()) {
      output = where(expand_dims(cast(counts, DType::bool_), -1), output, 0);
    }
    if (wants_scores) return {output, probabilities};
    return {output};
  }

 private:
  Variable seed_state_;
};

class AttentionImpl final : public AttentionBase<AttentionConfig> {
 public:
  explicit AttentionImpl(AttentionConfig c) : AttentionBase("Attention", std::move(c)) {
    const std::string& mode = config().score_mode;
    if (mode == "dot" || mode == "concat") return;
    throw ValueError({.where = where(),
                      .what = "`score_mode` is unknown",
                      .expected = "\"dot\" or \"concat\"",
                      .received = "\"" + mode + "\""});
  }

 private:
  void build_inputs(const std::vector<Shape>&) override {
    if (config().use_scale) scale_ = add_weight("scale", {}, "ones");
    if (config().score_mode == "concat") {
      concat_score_weight_ = add_weight("concat_score_weight", {}, "ones");
    }
  }

  Array scores(const Array& query, const Array& key) override {
    if (config().score_mode == "dot") {
      const Array products = matmul(query, swapaxes(key, -2, -1));
      return scale_.defined() ? products * scale_ : products;
    }
    const Array sums = expand_dims(query, -2) + expand_dims(key, -3);  // (…, T, S, dim)
    return concat_score_weight_ * sum(tanh(scale_.defined() ? scale_ * sums : sums), {-1});
  }

  Array without_scores(const Array& query, const Array& value, const Array& key, const Array& mask,
                       bool causal) override {
    if (config().score_mode != "dot" || query.rank() != 3 || key.shape() != value.shape()) {
      return {};
    }
    const auto one_head = [](const Array& x) { return expand_dims(x, 2); };
    const Array scaled = scale_.defined() ? query * scale_ : query;
    const Array output = dot_product_attention(
        one_head(scaled), one_head(key), one_head(value),
        {.mask = mask.defined() ? std::optional<Array>(expand_dims(mask, 1)) : std::nullopt,
         .scale = 1.0,
         .is_causal = causal});
    return squeeze(output, 2);
  }

  Variable scale_, concat_score_weight_;
};

class AdditiveAttentionImpl final : public AttentionBase<AdditiveAttentionConfig> {
 public:
  explicit AdditiveAttentionImpl(AdditiveAttentionConfig c)
      : AttentionBase("AdditiveAttention", std::move(c)) {}

 private:
  void build_inputs(const std::vector<Shape>& inputs) override {
    check_known_axis(inputs[0], -1);
    if (config().use_scale) scale_ = add_weight("scale", {inputs[0][-1]}, "glorot_uniform");
  }

  Array scores(const Array& query, const Array& key) override {
    const Array all = tanh(expand_dims(query, -2) + expand_dims(key, -3));  // (…, T, S, dim)
    return sum(scale_.defined() ? scale_ * all : all, {-1});
  }

  Variable scale_;
};

}  // namespace

Attention::Attention(AttentionConfig config)
    : Layer(std::make_shared<AttentionImpl>(std::move(config))) {}
AdditiveAttention::AdditiveAttention(AdditiveAttentionConfig config)
    : Layer(std::make_shared<AdditiveAttentionImpl>(std::move(config))) {}

}  // namespace danlu
