#pragma once

#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct BidirectionalConfig {
  Layer layer{nullptr};  ///< required: a recurrent layer, which is made anew from its config
  std::optional<std::string> merge_mode = "concat";  ///< "sum", "mul", "ave", or none: two outputs
  /// For the other direction; none: as `layer`. It is used as it is.
  Layer backward_layer{nullptr};
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("layer", c.layer), v("merge_mode", c.merge_mode), v("backward_layer", c.backward_layer);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// A recurrent layer that reads its sequence from both ends; the backward outputs come in the order
/// of the sequence. With `return_sequences`, masked steps give zeros in both directions. Initial
/// states are further inputs: those of the forward layer, then those of the other.
/// Shapes: as the layer's, the last axis of the output doubled by "concat"; with `return_state` the
/// states of both directions behind the outputs.
/// Errors: ValueError for an unknown merge mode, for layers of one direction, and for layers that
/// differ in `stateful`, `return_sequences` or `return_state`.
/// Source: Schuster and Paliwal (1997).
class Bidirectional : public Layer {
 public:
  Bidirectional(BidirectionalConfig config);
  Bidirectional(Layer layer) : Bidirectional(BidirectionalConfig{.layer = std::move(layer)}) {}
  void reset_state() const;
};

struct TimeDistributedConfig {
  Layer layer{nullptr};  ///< required
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("layer", c.layer);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// A layer on every step of a sequence, with the same weights. The mask passes through; a mask of
/// more than two axes is also the inner layer's, step by step. While training, a layer with weights
/// that no gradient moves (batch normalization) sees one step after the other; otherwise all steps
/// are one batch.
/// Shapes: (batch, time, …) → (batch, time, …). Errors: ShapeError for fewer than three axes or a
/// mask of other lengths.
class TimeDistributed : public Layer {
 public:
  TimeDistributed(TimeDistributedConfig config);
  TimeDistributed(Layer layer)
      : TimeDistributed(TimeDistributedConfig{.layer = std::move(layer)}) {}
};

}  // namespace danlu
