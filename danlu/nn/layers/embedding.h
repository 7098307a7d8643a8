#pragma once

#include <cstdint>
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

}  // namespace danlu
