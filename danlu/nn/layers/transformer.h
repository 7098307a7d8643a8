#pragma once

#include <cstdint>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"

/// The two blocks of a Transformer (Vaswani et al. 2017), with the names and configs of KerasHub:
/// attention and a network of two dense layers, each with dropout, a residual connection and a
/// layer normalization behind it, or before it with `normalize_first`. Each head has ⌊features /
/// num_heads⌋ channels. Errors: ValueError for fields out of range and for more heads than
/// features; ShapeError.
namespace danlu {

struct TransformerConfig {
  int64_t intermediate_dim = 0;            ///< required, ≥ 1: units of the first dense layer
  int64_t num_heads = 0;                   ///< required, ≥ 1
  double dropout = 0;                      ///< of the attention and behind both parts
  ActivationFunction activation = "relu";  ///< of the first dense layer
  double layer_norm_epsilon = 1e-5;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  bool normalize_first = false;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("intermediate_dim", c.intermediate_dim), v("num_heads", c.num_heads);
    v("dropout", c.dropout), v("activation", c.activation);
    v("layer_norm_epsilon", c.layer_norm_epsilon);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("normalize_first", c.normalize_first);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Steps that attend to each other. Arguments of a call: the tensors `padding_mask` (batch, time),
/// which takes the place of the input's mask, and `attention_mask` (batch, time, time);
/// `return_attention_scores`.
/// Shapes: (batch, time, features) → the same, scores (batch, num_heads, time, time).
class TransformerEncoder : public Layer {
 public:
  TransformerEncoder(TransformerConfig config);
};

struct TransformerDecoderConfig {
  int64_t intermediate_dim = 0;            ///< required, ≥ 1: units of the first dense layer
  int64_t num_heads = 0;                   ///< required, ≥ 1
  double dropout = 0;                      ///< of the attentions and behind all parts
  ActivationFunction activation = "relu";  ///< of the first dense layer
  double layer_norm_epsilon = 1e-5;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  bool normalize_first = false;
  OptionalShape decoder_sequence_shape;  ///< batch included: with it, the layer is built at once
  OptionalShape encoder_sequence_shape;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    TransformerConfig::fields(c, v);
    v("decoder_sequence_shape", c.decoder_sequence_shape);
    v("encoder_sequence_shape", c.encoder_sequence_shape);
  }
};

/// Steps that attend to those before them and, called with {decoder sequence, encoder sequence}, to
/// those of another sequence. How it was first called, with or without the latter, it stays.
/// Arguments of a call: `use_causal_mask` (true); the tensors `decoder_padding_mask` (batch, time),
/// `decoder_attention_mask` (batch, time, time), `encoder_padding_mask` (batch, S),
/// `encoder_attention_mask` (batch, time, S). Caches for step-by-step decoding are not supported.
/// Shapes: (batch, time, features) and (batch, S, features) → (batch, time, features).
class TransformerDecoder : public Layer {
 public:
  TransformerDecoder(TransformerDecoderConfig config);
};

}  // namespace danlu
