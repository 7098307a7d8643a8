#include "danlu/nn/layers/multi_head_attention.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/layers/attention_masks.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/einsum_dense.h"
#include "danlu/nn/layers/rnn_cell.h"
#include "danlu/ops/attention.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/products.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// The products of scores and values over any axes, as einsum writes them. Projected tensors are
/// (batch…, attended…, heads, channels), scores (batch…, heads, query's attended…, key's…).
struct Equations {
  std::string scores;   ///< key, query → scores
  std::string combine;  ///< scores, value → attended to
};

Equations equations(int rank, const std::vector<int64_t>& attention_axes) {
  std::string query, key, batch, query_axes, key_axes;
  char next = static_cast<char>('a' + rank);
  for (int i = 0; i < rank; ++i) query += static_cast<char>('a' + i);
  for (int i = 0; i < rank; ++i) {
    bool attended = false;
    for (const int64_t axis : attention_axes) attended |= axis == i;
    key += attended ? next++ : query[static_cast<size_t>(i)];
    if (!attended && i + 1 < rank) batch += query[static_cast<size_t>(i)];
  }
  for (const int64_t axis : attention_axes) {
    query_axes += query[static_cast<size_t>(axis)];
    key_axes += key[static_cast<size_t>(axis)];
  }
  const std::string scores = batch + query_axes + key_axes;
  return {key + "," + query + "->" + scores, scores + "," + key + "->" + query};
}

/// What both share: projections, masks, gate, dropout.
template <class Config>
class ProjectedAttention : public ConfiguredLayer<Config> {
 public:
  ProjectedAttention(std::string_view type, Config c)
      : ConfiguredLayer<Config>(type, std::move(c)) {
    const Config& config = this->config();
    if (!(config.dropout >= 0 && config.dropout <= 1)) {
      throw ValueError({.where = this->where(),
                        .what = "`dropout` is out of range",
                        .expected = "a number in [0, 1]",
                        .received = "dropout=" + number_text(config.dropout)});
    }
    if (config.sliding_window) {
      check_at_least(this->where(), "sliding_window", *config.sliding_window, 1);
    }
    if (config.flash_attention.value_or(false) && config.dropout > 0) {
      throw ValueError({.where = this->where(),
                        .what = "Flash attention has no dropout",
                        .expected = "dropout=0 with `flash_attention`",
                        .received = "dropout=" + number_text(config.dropout)});
    }
    if (config.dropout > 0) seed_state_ = this->add_seed_state(config.seed);
  }

  bool supports_masking() const override { return true; }
  std::vector<Array> compute_mask(const std::vector<Array>&,
                                  const std::vector<Array>& masks) const override {
    if (masks.empty() || !masks[0].defined()) return {};
    return {masks[0]};
  }
  std::vector<std::string> input_arguments() const override { return {"query", "value", "key"}; }

  std::vector<Layer> sublayers() const override {
    std::vector<Layer> all;
    for (const Layer& layer : {query_, key_, gate_, value_, output_}) {
      if (layer.impl()) all.push_back(layer);
    }
    return all;
  }

 protected:
  /// A product over the last `bound` of the axes behind `free` ones, plus a bias of all new axes.
  Layer projection(const char* name, int free, int bound, std::vector<int64_t> out,
                   const ActivationFunction& activation = {}) const {
    const Config& c = this->config();
    const auto letters = [](int begin, int count) {
      std::string text;
      for (int i = 0; i < count; ++i) text += static_cast<char>('a' + begin + i);
      return text;
    };
    const int channels = static_cast<int>(out.size());
    const std::string kept = letters(0, free), summed = letters(free, bound);
    const std::string made = letters(free + bound, channels);
    out.insert(out.begin(), static_cast<size_t>(free - 1), kNone);
    return EinsumDense({.equation = kept + summed + "," + summed + made + "->" + kept + made,
                        .output_shape = OptionalShape(Shape(out)),
                        .activation = activation,
                        .bias_axes = c.use_bias ? std::optional<std::string>(made) : std::nullopt,
                        .kernel_initializer = c.kernel_initializer,
                        .bias_initializer = c.bias_initializer,
                        .kernel_regularizer = c.kernel_regularizer,
                        .bias_regularizer = c.bias_regularizer,
                        .activity_regularizer = c.activity_regularizer,
                        .kernel_constraint = c.kernel_constraint,
                        .bias_constraint = c.bias_constraint,
                        .name = name,
                        .dtype = this->dtype_policy().name});
  }
  /// Makes the projections of query, key and value to so many heads of so many channels.
  void build_heads(const std::vector<Shape>& inputs, std::vector<int64_t> query,
                   std::vector<int64_t> key, std::vector<int64_t> value,
                   std::vector<int64_t> output) {
    const int free = inputs[0].rank() - 1;
    query_ = projection("query", free, 1, query);
    key_ = projection("key", free, 1, std::move(key));
    if (this->config().use_gate) {
      gate_ = projection("gate", free, 1, {query[0], value[1]}, "sigmoid");
      gate_->ensure_built(inputs[0]);
    }
    value_ = projection("value", free, 1, value);
    query_->ensure_built(inputs[0]);
    key_->ensure_built(inputs.back());
    value_->ensure_built(inputs[1]);
    output_ = projection("attention_output", free, 2, std::move(output));
    output_->ensure_built(
        query_->compute_output_shape(inputs[0]).with_dim(inputs[0].rank(), value[1]));
  }

  /// Of inputs with so many axes.
  virtual std::vector<int64_t> attended_axes(int /*rank*/) const { return {1}; }
  /// How many heads of queries share one of keys and values.
  virtual int64_t sharing() const { return 1; }

  virtual int64_t heads() const = 0;
  /// Scores: (batch…, heads, query's attended…, key's attended…).
  std::vector<Shape> output_shapes_of_call(const std::vector<Shape>& inputs,
                                           const Json& arguments) const override {
    std::vector<Shape> all = this->output_shapes(inputs);
    if (!CallContext::flag_of(arguments, "return_attention_scores")) return all;
    const Shape &query = inputs[0], &key = inputs.back();
    const std::vector<int64_t> axes = attended_axes(query.rank());
    std::vector<int64_t> scores;
    for (int i = 0; i + 1 < query.rank(); ++i) {
      if (std::find(axes.begin(), axes.end(), i) == axes.end()) scores.push_back(query[i]);
    }
    scores.push_back(heads());
    for (const Shape& shape : {query, key}) {
      for (const int64_t axis : axes) scores.push_back(shape[static_cast<int>(axis)]);
    }
    all.emplace_back(scores);
    return all;
  }

  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    const Config& c = this->config();
    const bool wants_scores = context.flag("return_attention_scores");
    if (wants_scores && c.flash_attention.value_or(false)) {
      throw ValueError({.what = "Flash attention never has all scores",
                        .expected = "`return_attention_scores` without `flash_attention`",
                        .received = "both"});
    }
    const CallContext inner{.training = context.training};
    bool causal = context.flag("use_causal_mask");
    Array mask = given_mask(inputs, context);
    if (causal && mask.defined()) {
      mask = both(mask, causal_mask(inputs[0].shape()[1], inputs[1].shape()[1]));
      causal = false;
    }
    const Array query = query_(inputs[0], inner), key = key_(inputs.back(), inner);
    const Array value = value_(inputs[1], inner);
    const bool drops = context.training && c.dropout > 0;
    const double scale = 1 / std::sqrt(static_cast<double>(query.shape()[-1]));
    Array attended, scores;
    if (wants_scores || drops || query.rank() != 4 || key.shape() != value.shape()) {
      if (causal) mask = causal_mask(query.shape()[1], key.shape()[1]);
      std::tie(attended, scores) = with_scores(query * scale, key, value, mask, drops);
    } else {
      attended = dot_product_attention(query, key, value,
                                       {.mask = of_rank(mask, 4, -3),
                                        .scale = scale,
                                        .is_causal = causal,
                                        .flash_attention = c.flash_attention});
      if (mask.defined() && c.dropout > 0) attended = zero_where_blind(attended, mask);
    }
    if (gate_.impl()) attended = attended * gate_(inputs[0], inner);
    const Array output = output_(attended, inner);
    if (wants_scores) return {output, scores};
    return {output};
  }

 private:
  static std::optional<Array> of_rank(Array mask, int rank, int64_t axis) {
    if (!mask.defined()) return {};
    while (mask.rank() < rank) mask = expand_dims(mask, axis);
    return mask;
  }

  /// All masks but the causal one, (batch, T, S); undefined without any.
  Array given_mask(const std::vector<Array>& inputs, const CallContext& context) const {
    Array mask;
    const auto add = [&](const Array& one, int64_t axis) {
      if (one.defined()) mask = both(mask, expand_dims(cast(one, DType::bool_), axis));
    };
    add(context.mask(0), -1);
    add(context.mask(1), -2);
    if (inputs.size() > 2) add(context.mask(2), -2);
    if (this->config().sliding_window) {
      mask = both(mask, sliding_window_mask(inputs[0].shape()[1], inputs[1].shape()[1],
                                            *this->config().sliding_window));
    }
    const Array attention = context.tensor("attention_mask");
    return attention.defined() ? both(cast(attention, DType::bool_), mask) : mask;
  }

  std::pair<Array, Array> with_scores(const Array& query, const Array& key, const Array& value,
                                      const Array& mask, bool drops) {
    const std::vector<int64_t> axes = attended_axes(query.rank() - 1);
    const Equations e = equations(query.rank(), axes);
    const auto shared = [&](const Array& x) {
      return sharing() == 1 ? x : repeat(x, sharing(), 2);
    };
    const auto count = static_cast<int64_t>(axes.size());
    Array scores = einsum(e.scores, {shared(key), query});
    const auto seen = of_rank(mask, scores.rank(), -2 * count - 1);
    if (seen) scores = where(*seen, scores, scores.dtype() == DType::float16 ? -3e4 : -1e9);
    Axes last;
    for (int64_t i = 1; i <= count; ++i) last.push_back(-i);
    scores = softmax(scores, last);
    if (seen) scores = where(*seen, scores, 0);
    Array weights = scores;
    if (drops) {
      weights = weights * dropout_factors(seed_state_, weights.shape(), this->config().dropout,
                                          weights.dtype());
    }
    return {einsum(e.combine, {weights, shared(value)}), scores};
  }

  /// Queries that see no key give 0. Shapes: attended (batch, T, heads, channels), mask (batch, T,
  /// S) or (batch, heads, T, S).
  static Array zero_where_blind(const Array& attended, const Array& mask) {
    Array sees = any(mask, {-1});
    sees = sees.rank() == 3 ? expand_dims(swapaxes(sees, 1, 2), -1)
                            : expand_dims(expand_dims(sees, -1), -1);
    return where(sees, attended, 0);
  }

  Layer query_{nullptr}, key_{nullptr}, gate_{nullptr}, value_{nullptr}, output_{nullptr};
  Variable seed_state_;
};

class MultiHeadAttentionImpl final : public ProjectedAttention<MultiHeadAttentionConfig> {
 public:
  explicit MultiHeadAttentionImpl(MultiHeadAttentionConfig c)
      : ProjectedAttention("MultiHeadAttention", std::move(c)) {
    check_at_least(where(), "num_heads", config().num_heads, 1);
    check_at_least(where(), "key_dim", config().key_dim, 1);
    mutable_config().value_dim = config().value_dim.value_or(config().key_dim);
    check_at_least(where(), "value_dim", *config().value_dim, 1);
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_query_value_key(inputs);
    if (!config().output_shape) return {inputs[0]};
    std::vector<int64_t> dims = inputs[0].to_vector();
    dims.pop_back();
    dims.insert(dims.end(), config().output_shape->begin(), config().output_shape->end());
    return {Shape(dims)};
  }

  void build_inputs(const std::vector<Shape>& inputs) override {
    const auto& c = config();
    const int rank = inputs[1].rank();
    const std::vector<int64_t> axes = attended_axes(rank);
    for (const int64_t axis : axes) {
      if (axis > 0 && axis + 1 < rank) continue;
      throw ValueError({.what = "`attention_axes` names an axis that cannot be attended over",
                        .expected = "axes between the first and the last",
                        .received = std::to_string(axis) + " of " + inputs[1].to_string()});
    }
    mutable_config().attention_axes = axes;
    check_known_axis(inputs[0], -1);
    build_heads(inputs, {c.num_heads, c.key_dim}, {c.num_heads, c.key_dim},
                {c.num_heads, *c.value_dim},
                c.output_shape.value_or(std::vector<int64_t>{inputs[0][-1]}));
  }

  std::vector<int64_t> attended_axes(int rank) const override {
    std::vector<int64_t> axes;
    if (config().attention_axes) {
      for (const int64_t axis : *config().attention_axes) {
        axes.push_back(axis < 0 ? axis + rank : axis);
      }
    } else {
      for (int axis = 1; axis + 1 < rank; ++axis) axes.push_back(axis);
    }
    return axes;
  }
  int64_t heads() const override { return config().num_heads; }
};

class GroupedQueryAttentionImpl final : public ProjectedAttention<GroupedQueryAttentionConfig> {
 public:
  explicit GroupedQueryAttentionImpl(GroupedQueryAttentionConfig c)
      : ProjectedAttention("GroupedQueryAttention", std::move(c)) {
    check_at_least(where(), "head_dim", config().head_dim, 1);
    check_at_least(where(), "num_key_value_heads", config().num_key_value_heads, 1);
    check_at_least(where(), "num_query_heads", config().num_query_heads, 1);
    if (config().num_query_heads % config().num_key_value_heads == 0) return;
    throw ValueError(
        {.where = where(),
         .what = "`num_query_heads` is no multiple of `num_key_value_heads`",
         .expected = "the same number of query heads for each key and value head",
         .received = "num_query_heads=" + std::to_string(config().num_query_heads) +
                     ", num_key_value_heads=" + std::to_string(config().num_key_value_heads)});
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_query_value_key(inputs);
    check_rank(inputs[0], 3, "(batch, time, features)");
    if (inputs[0][-1] == inputs[1][-1]) return {inputs[0]};
    throw ShapeError({.what = "The last axes of query and value differ",
                      .expected = "(…, " + std::to_string(inputs[0][-1]) + ") for both",
                      .received = inputs[0].to_string() + " and " + inputs[1].to_string()});
  }

  void build_inputs(const std::vector<Shape>& inputs) override {
    const auto& c = config();
    check_known_axis(inputs[0], -1);
    const std::vector<int64_t> shared = {c.num_key_value_heads, c.head_dim};
    build_heads(inputs, {c.num_query_heads, c.head_dim}, shared, shared, {inputs[0][-1]});
  }

  int64_t heads() const override { return config().num_query_heads; }
  int64_t sharing() const override {
    return config().num_query_heads / config().num_key_value_heads;
  }
};

}  // namespace

MultiHeadAttention::MultiHeadAttention(MultiHeadAttentionConfig config)
    : Layer(std::make_shared<MultiHeadAttentionImpl>(std::move(config))) {}
GroupedQueryAttention::GroupedQueryAttention(GroupedQueryAttentionConfig config)
    : Layer(std::make_shared<GroupedQueryAttentionImpl>(std::move(config))) {}

}  // namespace danlu
