#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layers/rnn.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

/// Lists hold one number for each spatial axis, or one for all.
struct ConvLSTMConfig {
  int64_t filters = 0;               ///< required, ≥ 1
  std::vector<int64_t> kernel_size;  ///< required, ≥ 1
  std::vector<int64_t> strides = {1};
  std::string padding = "valid";              ///< of the inputs; or "same"
  std::string data_format = "channels_last";  ///< or "channels_first"
  std::vector<int64_t> dilation_rate = {1};   ///< of the inputs; not beside strides above 1
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  bool unit_forget_bias = true;  ///< the bias of the forget gate begins at 1
  Regularizer kernel_regularizer;
  Regularizer recurrent_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint recurrent_constraint;
  Constraint bias_constraint;
  double dropout = 0;            ///< share of the inputs, in [0, 1]; 1 drops nothing
  double recurrent_dropout = 0;  ///< share of the states in the recurrent convolution, as above
  std::optional<int64_t> seed;
  bool return_sequences = false;
  bool return_state = false;
  bool go_backwards = false;
  bool stateful = false;
  bool unroll = false;
  bool zero_output_for_mask = false;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void cell_fields(Self& c, V&& v) {
    v("filters", c.filters), v("kernel_size", c.kernel_size), v("strides", c.strides);
    v("padding", c.padding), v("data_format", c.data_format);
    v("dilation_rate", c.dilation_rate), v("activation", c.activation);
    v("recurrent_activation", c.recurrent_activation), v("use_bias", c.use_bias);
    v("kernel_initializer", c.kernel_initializer);
    v("recurrent_initializer", c.recurrent_initializer);
    v("bias_initializer", c.bias_initializer), v("unit_forget_bias", c.unit_forget_bias);
    v("kernel_regularizer", c.kernel_regularizer);
    v("recurrent_regularizer", c.recurrent_regularizer);
    v("bias_regularizer", c.bias_regularizer);
    v("kernel_constraint", c.kernel_constraint);
    v("recurrent_constraint", c.recurrent_constraint);
    v("bias_constraint", c.bias_constraint);
    v("dropout", c.dropout), v("recurrent_dropout", c.recurrent_dropout), v("seed", c.seed);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    cell_fields(c, v);
    RNNConfig::loop_fields(c, v);
    v("activity_regularizer", c.activity_regularizer);
  }
};

/// An LSTM whose products are convolutions (Shi et al. 2015); the recurrent one keeps the size of
/// the states. Masks work as in `RNN` (in Keras they do on TensorFlow only).
/// Shapes: (batch, time, spatial…, channels) → (batch, spatial'…, filters) or (batch, time,
/// spatial'…, filters); kernel (size…, channels, 4 filters), recurrent_kernel (size…, filters,
/// 4 filters), bias (4 filters,).
/// Errors: ValueError for fields out of range; ShapeError for inputs of another rank or of other
/// channels.
class ConvLSTM1D : public RNN {
 public:
  ConvLSTM1D(ConvLSTMConfig config);
};
class ConvLSTM2D : public RNN {
 public:
  ConvLSTM2D(ConvLSTMConfig config);
};
class ConvLSTM3D : public RNN {
 public:
  ConvLSTM3D(ConvLSTMConfig config);
};

}  // namespace danlu
