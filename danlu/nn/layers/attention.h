#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

/// Keras's attention over {query, value} or {query, value, key}, without projections of its own:
/// softmax(scores of query and key) · value. Without a key, the value is the key.
/// Arguments of a call: `use_causal_mask` (query t sees the keys 0 … t only),
/// `return_attention_scores` (the probabilities as a second output). Masks: of the query (its
/// masked steps give zeros, and its mask comes out) and of the value (masked keys take no part).
/// Shapes: query (batch…, T, dim), value (batch…, S, v), key (batch…, S, dim) → (batch…, T, v),
/// scores (batch…, T, S).
/// Errors: ValueError for a wrong number of inputs; ShapeError for inputs that do not fit.
namespace danlu {

struct AttentionConfig {
  bool use_scale = false;          ///< a weight, scalar, multiplies the scores
  std::string score_mode = "dot";  ///< or "concat": Σ tanh(query + key), times a scalar weight
  double dropout = 0;              ///< share of the probabilities, in [0, 1]
  std::optional<int64_t> seed;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("use_scale", c.use_scale), v("score_mode", c.score_mode), v("dropout", c.dropout);
    v("seed", c.seed);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Scores query · key (Luong et al. 2015). Where neither scores nor dropout are asked for, they are
/// never stored: memory grows with T + S. A query all of whose keys are masked gets the mean of the
/// values (Keras: a softmax of its scores − 10⁹, which is the same in float32).
class Attention : public Layer {
 public:
  Attention(AttentionConfig config = {});
};

struct AdditiveAttentionConfig {
  bool use_scale = true;  ///< a weight of shape (dim,) weighs the sum
  double dropout = 0;     ///< share of the probabilities, in [0, 1]
  std::optional<int64_t> seed;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("use_scale", c.use_scale), v("dropout", c.dropout), v("seed", c.seed);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Scores Σ scale · tanh(query + key) (Bahdanau et al. 2015).
class AdditiveAttention : public Layer {
 public:
  AdditiveAttention(AdditiveAttentionConfig config = {});
};

}  // namespace danlu
