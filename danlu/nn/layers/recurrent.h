#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layers/rnn.h"
#include "danlu/nn/regularizers.h"

/// The recurrent layers of Keras and their cells. A layer is `RNN` over its cell, and its weights
/// are those of the cell; with the standard activations, or functions of one's own, it takes all
/// steps in one loop after one product of all inputs with `kernel`.
/// Shapes: layers as `RNN`; cells (batch, features) and the states, (batch, units) each → the
/// output, (batch, units), and the new states.
/// Errors: ValueError for units < 1; ShapeError for inputs of another rank or of other features.
namespace danlu {

/// The fields that all of them share.
struct SimpleRNNCellConfig {
  int64_t units = 0;  ///< required, ≥ 1
  ActivationFunction activation = "tanh";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer recurrent_regularizer;
  Regularizer bias_regularizer;
  Constraint kernel_constraint;
  Constraint recurrent_constraint;
  Constraint bias_constraint;
  double dropout = 0;            ///< share of the inputs, in [0, 1] (beyond: the nearer end)
  double recurrent_dropout = 0;  ///< share of the states in the recurrent product, in [0, 1]
  std::optional<int64_t> seed;   ///< of both; none: from `set_random_seed`'s sequence
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("units", c.units), v("activation", c.activation), v("use_bias", c.use_bias);
    v("kernel_initializer", c.kernel_initializer);
    v("recurrent_initializer", c.recurrent_initializer);
    v("bias_initializer", c.bias_initializer);
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
};

/// h = activation(x · kernel + h · recurrent_kernel + bias) (Elman 1990).
/// Shapes: kernel (features, units), recurrent_kernel (units, units), bias (units,).
class SimpleRNNCell : public Layer {
 public:
  SimpleRNNCell(SimpleRNNCellConfig config);
};

struct SimpleRNNConfig {
  int64_t units = 0;  ///< required, ≥ 1
  ActivationFunction activation = "tanh";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer recurrent_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint recurrent_constraint;
  Constraint bias_constraint;
  double dropout = 0;            ///< share of the inputs, in [0, 1] (beyond: the nearer end)
  double recurrent_dropout = 0;  ///< share of the states in the recurrent product, in [0, 1]
  std::optional<int64_t> seed;   ///< of both; none: from `set_random_seed`'s sequence
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
  static void fields(Self& c, V&& v) {
    SimpleRNNCellConfig::fields(c, v);
    RNNConfig::loop_fields(c, v);
    v("activity_regularizer", c.activity_regularizer);
  }
};

/// `RNN` over a `SimpleRNNCell`.
class SimpleRNN : public RNN {
 public:
  SimpleRNN(SimpleRNNConfig config);
};

struct LSTMCellConfig {
  int64_t units = 0;  ///< required, ≥ 1
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
  Constraint kernel_constraint;
  Constraint recurrent_constraint;
  Constraint bias_constraint;
  double dropout = 0;            ///< share of the inputs, in [0, 1] (beyond: the nearer end)
  double recurrent_dropout = 0;  ///< share of the states in the recurrent product, in [0, 1]
  std::optional<int64_t> seed;   ///< of both; none: from `set_random_seed`'s sequence
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    SimpleRNNCellConfig::fields(c, v);
    v("recurrent_activation", c.recurrent_activation);
    v("unit_forget_bias", c.unit_forget_bias);
  }
};

/// Long short-term memory, as ops/recurrent.h has it; the states are h and c. As in Keras, a
/// `dropout` or `recurrent_dropout` of 1 drops nothing.
/// Shapes: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,).
class LSTMCell : public Layer {
 public:
  LSTMCell(LSTMCellConfig config);
};

struct LSTMConfig {
  int64_t units = 0;  ///< required, ≥ 1
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
  double dropout = 0;            ///< share of the inputs, in [0, 1] (beyond: the nearer end)
  double recurrent_dropout = 0;  ///< share of the states in the recurrent product, in [0, 1]
  std::optional<int64_t> seed;   ///< of both; none: from `set_random_seed`'s sequence
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
  static void fields(Self& c, V&& v) {
    LSTMCellConfig::fields(c, v);
    RNNConfig::loop_fields(c, v);
    v("activity_regularizer", c.activity_regularizer);
  }
};

/// `RNN` over an `LSTMCell` (Hochreiter and Schmidhuber 1997).
class LSTM : public RNN {
 public:
  LSTM(LSTMConfig config);
};

struct GRUCellConfig {
  int64_t units = 0;  ///< required, ≥ 1
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer recurrent_regularizer;
  Regularizer bias_regularizer;
  Constraint kernel_constraint;
  Constraint recurrent_constraint;
  Constraint bias_constraint;
  double dropout = 0;            ///< share of the inputs, in [0, 1] (beyond: the nearer end)
  double recurrent_dropout = 0;  ///< share of the states in the recurrent product, in [0, 1]
  bool reset_after = true;       ///< the reset gate multiplies h · recurrent_kernel, not h
  std::optional<int64_t> seed;   ///< of both; none: from `set_random_seed`'s sequence
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    SimpleRNNCellConfig::fields(c, v);
    v("recurrent_activation", c.recurrent_activation), v("reset_after", c.reset_after);
  }
};

/// Gated recurrent unit, as ops/recurrent.h has it. As in Keras, a `dropout` or
/// `recurrent_dropout` of 1 drops nothing.
/// Shapes: kernel (features, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units), or
/// (3 units,) without `reset_after`.
class GRUCell : public Layer {
 public:
  GRUCell(GRUCellConfig config);
};

struct GRUConfig {
  int64_t units = 0;  ///< required, ≥ 1
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer recurrent_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint recurrent_constraint;
  Constraint bias_constraint;
  double dropout = 0;            ///< share of the inputs, in [0, 1] (beyond: the nearer end)
  double recurrent_dropout = 0;  ///< share of the states in the recurrent product, in [0, 1]
  bool reset_after = true;       ///< the reset gate multiplies h · recurrent_kernel, not h
  std::optional<int64_t> seed;   ///< of both; none: from `set_random_seed`'s sequence
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
  static void fields(Self& c, V&& v) {
    GRUCellConfig::fields(c, v);
    RNNConfig::loop_fields(c, v);
    v("activity_regularizer", c.activity_regularizer);
  }
};

/// `RNN` over a `GRUCell` (Cho et al. 2014).
class GRU : public RNN {
 public:
  GRU(GRUConfig config);
};

}  // namespace danlu
