#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

struct EmbeddingConfig {
  int64_t input_dim = 0;   ///< required, ≥ 1: how many numbers there are
  int64_t output_dim = 0;  ///< required, ≥ 1: length of their vectors
  Initializer embeddings_initializer = "random_uniform";
  Regularizer embeddings_regularizer;
  Regularizer activity_regularizer;
  Constraint embeddings_constraint;
  bool mask_zero = false;  ///< 0 stands for nothing: the output's mask leaves it out
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("input_dim", c.input_dim), v("output_dim", c.output_dim);
    v("embeddings_initializer", c.embeddings_initializer);
    v("embeddings_regularizer", c.embeddings_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("embeddings_constraint", c.embeddings_constraint), v("mask_zero", c.mask_zero);
    layer_fields(c, v);
  }
};

/// A vector for each number. Real inputs are cut to integers.
/// Shapes: any → (…, output_dim), mask as the input; embeddings (input_dim, output_dim).
/// Errors: ValueError for sizes < 1 and, when it runs, for a number that is not in [0, input_dim).
class Embedding : public Layer {
 public:
  Embedding(EmbeddingConfig config);
};

struct ReversibleEmbeddingConfig {
  int64_t input_dim = 0;
  int64_t output_dim = 0;
  bool tie_weights = true;  ///< one matrix for both ways
  Initializer embeddings_initializer = "random_uniform";
  Regularizer embeddings_regularizer;
  Regularizer activity_regularizer;
  Constraint embeddings_constraint;
  bool mask_zero = false;
  std::optional<std::string> reverse_dtype;  ///< of the way back; none: what the layer computes in
  std::optional<double> logit_soft_cap;      ///< c: logits become c · tanh(logits / c)
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    EmbeddingConfig::fields(c, v);
    v("tie_weights", c.tie_weights), v("reverse_dtype", c.reverse_dtype);
    v("logit_soft_cap", c.logit_soft_cap);
  }
};

/// An Embedding that also goes back: a call with the argument `reverse` gives logits for each
/// number, the products of vectors with the embeddings, or with weights of their own.
/// Shapes: any → (…, output_dim), and in reverse (…, output_dim) → (…, input_dim); embeddings
/// (input_dim, output_dim), reverse_embeddings (output_dim, input_dim) unless `tie_weights`.
/// Errors: as Embedding; ValueError for a `reverse_dtype` that is none; in reverse ShapeError for
/// vectors of another length. Source: Press and Wolf (2017).
class ReversibleEmbedding : public Layer {
 public:
  ReversibleEmbedding(ReversibleEmbeddingConfig config);
};

}  // namespace danlu
