#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/layer.h"

namespace danlu {

/// One step of a cell, ready to be taken many times: what is random about it is drawn already.
struct CellStep {
  /// What needs no state, for all steps at once: (batch, time, …) → (batch, time, …). May be empty.
  std::function<Array(const Array& sequence)> project;
  /// Of the projected input of one step and the states: the output and the new states.
  std::function<std::vector<Array>(const Array& x, const std::vector<Array>& states)> advance;
};

/// The outputs of all steps, (batch, time, …), and the states after the last one.
struct LoopResult {
  Array outputs;
  std::vector<Array> states;
};

/// What `RNN` asks of a layer that is its cell: the class to derive from, beside LayerImpl, for a
/// cell of one's own. Shapes have the batch axis in front and no time axis.
class RNNCell {
 public:
  virtual ~RNNCell() = default;
  virtual size_t num_states() const { return 1; }
  virtual std::vector<Shape> state_shapes(const Shape& input) const = 0;
  /// The state that the output is: its shape, and what a masked step repeats.
  virtual size_t output_state() const { return 0; }
  virtual CellStep step(const Shape& input, DType dtype, const CallContext& context) = 0;
  /// All steps at once, for cells that know a faster way than a loop over `step`. `mask` is
  /// undefined or (batch, time).
  virtual std::optional<LoopResult> run(const Array& /*sequence*/,
                                        const std::vector<Array>& /*states*/, const Array& /*mask*/,
                                        const CallContext& /*context*/) {
    return {};
  }
};

/// The cell that a layer is. Errors: ValueError, which begins with `where`, when it is none.
RNNCell& as_cell(const std::string& where, const Layer& layer);

/// `given`, in `dtype`, or zeros where there are none. Errors: ValueError for a wrong number,
/// ShapeError for other shapes.
std::vector<Array> states_or_zeros(const std::vector<Array>& given,
                                   const std::vector<Shape>& shapes, DType dtype);

struct LoopOptions {
  bool go_backwards = false;
  bool unroll = false;
  bool zero_output_for_mask = false;
};
/// Takes `cell` over (batch, time, …), as `RNN` describes.
LoopResult run_cell(RNNCell& cell, const Array& sequence, const std::vector<Array>& states,
                    const Array& mask, const LoopOptions& options, const CallContext& context);

/// The mask of a call of a recurrent layer: the tensor argument `mask`, or that of the sequence
/// where no initial states are given.
Array loop_mask(const CallContext& context, bool zero_states);

/// Factors for dropout: 0 with probability `rate`, else 1 / (1 − rate). Moves the seed state on.
Array dropout_factors(Variable& seed_state, const Shape& shape, double rate, DType dtype);

/// What wrappers ask of a recurrent layer.
class RecurrentLoop {
 public:
  virtual ~RecurrentLoop() = default;
  /// Makes the states that outlive a call zero again, where there are some.
  virtual void reset_state() = 0;
  virtual void set_zero_output_for_mask(bool zero) = 0;
};

}  // namespace danlu
