#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/nn/layer.h"

namespace danlu {

/// A layer made of layers: what models are, and what may stand inside other models.
class Network : public LayerImpl {
 public:
  using LayerImpl::LayerImpl;
  virtual const std::vector<Layer>& layers() const = 0;
  /// Shapes of the inputs, batch axis included (unknown). Errors: StateError before it is built.
  virtual const std::vector<Shape>& input_shapes() const;
  const Shape& input_shape() const { return input_shapes().at(0); }
  /// `layers()`, and the functions of keras.ops between them: the rows of `summary()`.
  virtual const std::vector<Layer>& operations() const { return layers(); }
  /// Shapes of the outputs of `operations()[index]`. Errors: StateError before it is built.
  virtual std::vector<Shape> layer_output_shapes(size_t index) const = 0;
  /// What data for several inputs, and losses of several outputs, are named by.
  virtual std::vector<std::string> input_names() const { return {"input"}; }
  virtual std::vector<std::string> output_names() const { return {"output"}; }
  /// "dense_1[0][0]" for each input of each call of `operations()[index]`; nothing where layers
  /// follow one another.
  virtual std::vector<std::string> connected_to(size_t) const { return {}; }
  bool supports_masking() const override { return true; }
  std::vector<Layer> sublayers() const override { return layers(); }

  /// Changes all layers too.
  void set_trainable(bool trainable) override;

 protected:
  bool casts_input() const override { return false; }
  void require_built() const;
  /// Computes the first values of all weights in one plan.
  void evaluate_weights() const;
};

/// Layers one after another.
class SequentialNetwork final : public Network {
 public:
  /// Builds at once when the input shape is known: from an `Input` at the front or the first
  /// layer's `input_shape`. Errors: ValueError for two layers of one name; those of the layers.
  explicit SequentialNetwork(std::vector<Layer> layers, std::string name = "");

  const std::vector<Layer>& layers() const override { return layers_; }
  std::vector<Shape> layer_output_shapes(size_t index) const override;
  /// The name of the `Input` at the front; "input" where there is none.
  std::vector<std::string> input_names() const override;
  std::vector<std::string> output_names() const override;
  Json get_config() const override;
  /// The `Input` at the front, which is none of `layers()`.
  const std::optional<Layer>& input() const { return input_; }

 private:
  Shape output_shape(const Shape& input) const override;
  void build(const Shape& input) override;
  LayerOutputs call_with_masks(const std::vector<Array>& inputs,
                               const CallContext& context) override;

  std::optional<Layer> input_;  ///< the `Input` at the front, given or made
  std::vector<Layer> layers_;
  std::vector<Shape> output_shapes_;
};

/// The network that `get_config` of a SequentialNetwork, ours or Keras's, describes, with new
/// layers. Errors: IoError for a config that is not one; those of `layer_from_config`.
std::shared_ptr<SequentialNetwork> sequential_from_config(const Json& config);

/// While one lives, networks that are built on this thread leave the first values of their weights
/// uncomputed, and so take no memory for them: for whoever gives them others.
class UncomputedWeights {
 public:
  UncomputedWeights();
  ~UncomputedWeights();
  UncomputedWeights(const UncomputedWeights&) = delete;
  UncomputedWeights& operator=(const UncomputedWeights&) = delete;

 private:
  bool outer_;
};

/// Errors: ValueError for two layers of one name.
void require_unique_names(const std::vector<Layer>& layers, const std::string& where);

/// Every weight with its path, "dense_1/kernel": the layer's name where it was given, else its
/// class counted inside this network, so that two networks of one architecture agree.
std::vector<std::pair<std::string, Variable>> named_weights(const Network& network);

/// The pure function that a network is: outputs and new state from parameters (as
/// `trainable_weights()`) and state (as `non_trainable_variables()`).
/// Errors: ValueError when the numbers of values differ.
std::pair<Array, std::vector<Array>> stateless_call(Network& network,
                                                    const std::vector<Array>& params,
                                                    const std::vector<Array>& state, const Array& x,
                                                    const CallContext& context = {});

}  // namespace danlu
