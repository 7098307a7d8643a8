#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

/// Attention between projections of {query, value} or {query, value, key} (Vaswani et al. 2017);
/// without a key, the value is the key.
/// Arguments of a call: `use_causal_mask` (query t sees the keys 0 … t only),
/// `return_attention_scores` (the probabilities as a second output); the tensor `attention_mask`,
/// bool, broadcast to (batch, T, S): where it is false, a query does not see a key. Masks of the
/// query, the value and the key count too; that of the query comes out.
/// Where neither scores nor dropout while training are asked for, scores are never stored: memory
/// grows with T + S. As in Keras, a query that sees no key gets the mean of all values, or 0 where
/// `dropout` is above 0 or the scores are asked for.
/// Errors: ValueError for a wrong number of inputs and for fields out of range; ShapeError.
namespace danlu {

struct MultiHeadAttentionConfig {
  int64_t num_heads = 0;             ///< required, ≥ 1
  int64_t key_dim = 0;               ///< required, ≥ 1: of each head's query and key
  std::optional<int64_t> value_dim;  ///< of each head's value; none: key_dim
  double dropout = 0;                ///< share of the probabilities
  bool use_bias = true;
  std::optional<std::vector<int64_t>> output_shape;    ///< of each step; none: the query's
  std::optional<std::vector<int64_t>> attention_axes;  ///< that are attended over; none: all but
                                                       ///< the first and the last
  std::optional<int64_t> sliding_window;  ///< only keys less than so many steps away are seen
  std::optional<bool> flash_attention;    ///< no part of the config; false: scores are stored
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;  ///< of each projection
  Constraint kernel_constraint;
  Constraint bias_constraint;
  bool use_gate = false;  ///< what is attended to is multiplied by σ of a projection of the query
  std::optional<int64_t> seed;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("num_heads", c.num_heads), v("key_dim", c.key_dim), v("value_dim", c.value_dim);
    v("dropout", c.dropout), v("use_bias", c.use_bias), v("use_gate", c.use_gate);
    v("output_shape", c.output_shape), v("attention_axes", c.attention_axes);
    v("sliding_window", c.sliding_window);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    v("seed", c.seed);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Shapes: query (batch, T…, features), value and key (batch, S…, features) → (batch, T…,
/// features), scores (batch, num_heads, T…, S…).
class MultiHeadAttention : public Layer {
 public:
  MultiHeadAttention(MultiHeadAttentionConfig config);
};

struct GroupedQueryAttentionConfig {
  int64_t head_dim = 0;             ///< required, ≥ 1
  int64_t num_query_heads = 0;      ///< required: a multiple of num_key_value_heads
  int64_t num_key_value_heads = 0;  ///< required, ≥ 1
  double dropout = 0;               ///< share of the probabilities
  bool use_bias = true;
  std::optional<int64_t> sliding_window;  ///< only keys less than so many steps away are seen
  std::optional<bool> flash_attention;    ///< no part of the config; false: scores are stored
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;  ///< of each projection
  Constraint kernel_constraint;
  Constraint bias_constraint;
  bool use_gate = false;  ///< what is attended to is multiplied by σ of a projection of the query
  std::optional<int64_t> seed;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("head_dim", c.head_dim), v("num_query_heads", c.num_query_heads);
    v("num_key_value_heads", c.num_key_value_heads), v("dropout", c.dropout);
    v("use_bias", c.use_bias), v("use_gate", c.use_gate), v("sliding_window", c.sliding_window);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    v("seed", c.seed);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Several heads of queries share one head of keys and values (Ainslie et al. 2023). Keras exports
/// it as GroupQueryAttention.
/// Shapes: query (batch, T, features), value and key (batch, S, features) → (batch, T, features),
/// scores (batch, num_query_heads, T, S).
class GroupedQueryAttention : public Layer {
 public:
  GroupedQueryAttention(GroupedQueryAttentionConfig config);
};
using GroupQueryAttention = GroupedQueryAttention;

}  // namespace danlu
