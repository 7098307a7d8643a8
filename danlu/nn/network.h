#pragma once

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
  /// Shape of the input, batch axis included (unknown). Errors: StateError before it is built.
  virtual const Shape& input_shape() const = 0;
  /// Output shape of `layers()[index]`. Errors: StateError before it is built.
  virtual const Shape& layer_output_shape(size_t index) const = 0;

  /// Changes all layers too.
  void set_trainable(bool trainable) override;

 protected:
  std::vector<Layer> sublayers() const override { return layers(); }
  bool casts_input() const override { return false; }
};

/// Layers one after another.
class SequentialNetwork final : public Network {
 public:
  /// Builds at once when the input shape is known: from an `Input` at the front or the first
  /// layer's `input_shape`. Errors: ValueError for two layers of one name; those of the layers.
  explicit SequentialNetwork(std::vector<Layer> layers, std::string name = "");

  const std::vector<Layer>& layers() const override { return layers_; }
  const Shape& input_shape() const override;
  const Shape& layer_output_shape(size_t index) const override;
  Json get_config() const override;

 private:
  Shape output_shape(const Shape& input) const override;
  void build(const Shape& input) override;
  Array call(const Array& x, const CallContext& context) override;
  void require_built() const;

  OptionalShape sample_shape_;
  std::vector<Layer> layers_;
  Shape input_shape_;
  std::vector<Shape> output_shapes_;
};

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
