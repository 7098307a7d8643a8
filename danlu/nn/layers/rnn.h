#pragma once

#include <string>
#include <vector>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct RNNConfig {
  Layer cell{nullptr};            ///< required: a layer that is an `RNNCell`
  bool return_sequences = false;  ///< the outputs of all steps, not only of the last
  bool return_state = false;      ///< the last states as further outputs
  bool go_backwards = false;      ///< from the last step to the first, outputs in that order
  bool stateful = false;  ///< the last states are the next call's first; `reset_state` clears them
  bool unroll = false;    ///< no loop is left in the plan: for short sequences
  bool zero_output_for_mask = false;  ///< masked steps give zeros, not the output before them
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void loop_fields(Self& c, V&& v) {
    v("return_sequences", c.return_sequences), v("return_state", c.return_state);
    v("go_backwards", c.go_backwards), v("stateful", c.stateful), v("unroll", c.unroll);
    v("zero_output_for_mask", c.zero_output_for_mask);
  }
  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("cell", c.cell);
    loop_fields(c, v);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Takes a sequence step by step through a cell. The first input is the sequence, further ones are
/// the states before the first step (else zeros). Where its mask is false, a step leaves the states
/// as they are and repeats the output before it (before the first: the first state, as in Keras on
/// JAX); without `return_sequences` the output is that of the last step, masked or not. As in
/// Keras, a mask that comes with the sequence counts only where no initial states are given; one
/// that is an argument of the call (the tensor `mask`) always does.
/// A stateful layer wants to see the same batch size in every call.
/// Shapes: (batch, time, features…), mask (batch, time) → (batch, output…) or (batch, time,
/// output…), then (batch, state…) for each state with `return_state`.
/// Errors: ValueError for a layer that is no cell, a wrong number of initial states, an unrolled
/// loop of unknown length, another batch size than the states of a stateful layer have; ShapeError
/// for fewer than three axes, sequences without a step, states of other shapes.
class RNN : public Layer {
 public:
  RNN(RNNConfig config);
  /// Makes the states of a stateful layer zero again; others have nothing to forget.
  void reset_state() const;

 protected:
  using Layer::Layer;
};

struct StackedRNNCellsConfig {
  std::vector<Layer> cells;  ///< required: layers that are `RNNCell`s
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("cells", c.cells);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Cells one after another as one cell: the output of each is the input of the next. The states are
/// those of the first cell, then those of the second, ….
/// Errors: ValueError without cells or for layers that are none.
class StackedRNNCells : public Layer {
 public:
  StackedRNNCells(StackedRNNCellsConfig config);
};

/// `RNN::reset_state` for any layer that has states, also inside a `Bidirectional`.
void reset_state(const Layer& layer);

}  // namespace danlu
