#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"

/// What tells a network without recurrence where a step stands in its sequence. The names and
/// configs are those of KerasHub.
/// Arguments of a call: `start_index` (an integer, 0: the position of the first step); the tensor
/// `positions`, (time,) or (batch, time), in place of consecutive ones.
namespace danlu {

struct SinePositionEncodingConfig {
  int64_t max_wavelength = 10000;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("max_wavelength", c.max_wavelength);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Sines on the even features and cosines on the odd ones, of wavelengths that grow from feature to
/// feature (Vaswani et al. 2017); to be added to the input, of which only the shape is used.
/// Shapes: (batch, time, features) → the same. Errors: ValueError for a max_wavelength < 1.
class SinePositionEncoding : public Layer {
 public:
  SinePositionEncoding(SinePositionEncodingConfig config = {});
};

struct RotaryEmbeddingConfig {
  double max_wavelength = 10000;
  double scaling_factor = 1;         ///< stretches the positions
  std::string rope_type = "linear";  ///< how: or "dynamic", "yarn"; others do not stretch
  double beta_fast = 32;             ///< of "yarn" only, as what follows
  double beta_slow = 1;
  int64_t original_max_position_embeddings = 4096;
  bool truncate = true;
  int64_t sequence_axis = 1;
  int64_t feature_axis = -1;
  std::optional<int64_t> denominator_dim;  ///< of the frequencies; none: the number of features
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("max_wavelength", c.max_wavelength), v("scaling_factor", c.scaling_factor);
    v("rope_type", c.rope_type), v("beta_fast", c.beta_fast), v("beta_slow", c.beta_slow);
    v("original_max_position_embeddings", c.original_max_position_embeddings);
    v("truncate", c.truncate), v("sequence_axis", c.sequence_axis);
    v("feature_axis", c.feature_axis), v("denominator_dim", c.denominator_dim);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Turns the features, in pairs (i, i + features / 2), by angles that grow with the position: what
/// attention sees of two steps then depends on their distance (Su et al. 2021). As in KerasHub, the
/// angles are float32 in every dtype, and "yarn" (Peng et al. 2023) scales the result by
/// 0.1 · ln(scaling_factor) + 1.
/// Shapes: any with a sequence axis and a feature axis of even length → the same.
/// Errors: ValueError for axes that the input does not have or that are the same one; ShapeError
/// for an odd number of features.
class RotaryEmbedding : public Layer {
 public:
  RotaryEmbedding(RotaryEmbeddingConfig config = {});
};

struct PositionEmbeddingConfig {
  int64_t sequence_length = 0;  ///< required, ≥ 1: of the longest sequence
  Initializer initializer = "glorot_uniform";
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("sequence_length", c.sequence_length), v("initializer", c.initializer);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// A learned vector for each position (Devlin et al. 2019); to be added to the input, of which only
/// the shape is used. Shapes: (…, time, features) → the same; weight (sequence_length, features).
/// Errors: ValueError for a sequence_length < 1; ShapeError for sequences that end beyond it.
class PositionEmbedding : public Layer {
 public:
  PositionEmbedding(PositionEmbeddingConfig config);
};

struct TokenAndPositionEmbeddingConfig {
  int64_t vocabulary_size = 0;  ///< required, ≥ 1: how many tokens there are
  int64_t sequence_length = 0;  ///< required, ≥ 1: of the longest sequence
  int64_t embedding_dim = 0;    ///< required, ≥ 1: length of the vectors
  bool tie_weights = true;
  Initializer embeddings_initializer = "random_uniform";
  bool mask_zero = false;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("vocabulary_size", c.vocabulary_size), v("sequence_length", c.sequence_length);
    v("embedding_dim", c.embedding_dim), v("tie_weights", c.tie_weights);
    v("embeddings_initializer", c.embeddings_initializer), v("mask_zero", c.mask_zero);
    layer_fields(c, v);
  }
};

/// The sum of a vector for each token (ReversibleEmbedding, the first sublayer) and one for each
/// position (PositionEmbedding). Arguments of a call as those of PositionEmbedding.
/// Shapes: (…, time) → (…, time, embedding_dim). Errors: those of both.
class TokenAndPositionEmbedding : public Layer {
 public:
  TokenAndPositionEmbedding(TokenAndPositionEmbeddingConfig config);
};

}  // namespace danlu
