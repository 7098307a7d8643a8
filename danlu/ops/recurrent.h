#pragma once

#include <functional>
#include <optional>

#include "danlu/core/array.h"

/// The loops of Keras's recurrent layers over the time steps of a sequence. Each is a `scan`; with
/// the standard activations one kernel runs all steps.
///
/// Shapes: inputs (batch, time, features), states (batch, units), mask (batch, time): where it is
/// false, a step leaves the states as they are. Results: outputs (batch, time, units), one per step
/// in the order of the steps; with `go_backwards` the first is that of the last input.
/// Errors: ShapeError, DTypeError.
namespace danlu {

using RecurrentActivation = std::function<Array(const Array&)>;

struct LstmOptions {
  std::optional<Array> bias = {};             ///< (4 units)
  std::optional<Array> initial_state_h = {};  ///< zeros
  std::optional<Array> initial_state_c = {};  ///< zeros
  std::optional<Array> mask = {};
  RecurrentActivation activation = {};            ///< tanh
  RecurrentActivation recurrent_activation = {};  ///< sigmoid
  bool go_backwards = false;
};
struct LstmResult {
  Array outputs;           ///< h of every step
  Array state_h, state_c;  ///< of the last
};
/// i, f, g, o = parts of inputs · kernel + h · recurrent_kernel + bias; c = σ(f) c + σ(i) tanh(g),
/// h = σ(o) tanh(c) (Hochreiter and Schmidhuber 1997).
/// Shapes: kernel (features, 4 units), recurrent_kernel (units, 4 units), gates in the order i f g
/// o.
LstmResult lstm(const Array& inputs, const Array& kernel, const Array& recurrent_kernel,
                const LstmOptions& options = {});

struct GruOptions {
  /// (3 units); with `reset_after` (2, 3 units), the second row for the recurrent product.
  std::optional<Array> bias = {};
  std::optional<Array> initial_state = {};  ///< zeros
  std::optional<Array> mask = {};
  RecurrentActivation activation = {};            ///< tanh
  RecurrentActivation recurrent_activation = {};  ///< sigmoid
  bool go_backwards = false;
  bool reset_after = true;  ///< r multiplies h · recurrent_kernel, and not h before that product
};
struct GruResult {
  Array outputs;  ///< h of every step
  Array state;    ///< of the last
};
/// z, r = σ of the first two parts of inputs · kernel + h · recurrent_kernel + bias, n = tanh of
/// the third, where r gates the recurrent product; h = z h + (1 − z) n (Cho et al. 2014). Shapes:
/// kernel (features, 3 units), recurrent_kernel (units, 3 units), gates in the order z r n.
GruResult gru(const Array& inputs, const Array& kernel, const Array& recurrent_kernel,
              const GruOptions& options = {});

}  // namespace danlu
