#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "danlu/nn/network.h"

namespace danlu {

/// One call of a layer in a functional graph (Keras's Node).
struct LayerCall {
  Layer layer;
  std::vector<KerasTensor> inputs;
  SymbolicArguments arguments;
  std::vector<Shape> output_shapes;
  std::vector<DType> output_dtypes;
  uint64_t serial;  ///< calls in the order in which they were made

  /// Inputs and tensor arguments.
  std::vector<KerasTensor> parents() const;
};

/// A graph of layer calls from inputs to outputs; layers may be called several times, and be
/// networks themselves. Between them may stand functions of keras.ops (danlu/nn/keras_ops.h).
class FunctionalNetwork final : public Network {
 public:
  /// Inputs that no `Input` made are cut off there: the network gets inputs of its own in their
  /// place. Errors: ValueError when an output depends on an input that is not listed, for inputs
  /// listed twice, and for two layers of one name.
  FunctionalNetwork(KerasTensors inputs, KerasTensors outputs, std::string name = "");

  const std::vector<Layer>& layers() const override { return layers_; }
  const std::vector<Layer>& operations() const override { return operations_; }
  const std::vector<Shape>& input_shapes() const override { return build_shapes(); }
  std::vector<Shape> layer_output_shapes(size_t index) const override;
  std::vector<std::string> input_names() const override;
  std::vector<std::string> output_names() const override;
  std::vector<std::string> connected_to(size_t index) const override;
  Json get_config() const override;

  const std::vector<KerasTensor>& inputs() const { return inputs_; }
  const std::vector<KerasTensor>& outputs() const { return outputs_; }
  /// Every call, each after those it depends on.
  const std::vector<std::shared_ptr<const LayerCall>>& calls() const { return calls_; }

 private:
  using CallRef = std::shared_ptr<const LayerCall>;

  std::vector<Shape> output_shapes(const std::vector<Shape>& input_shapes) const override;
  void build_inputs(const std::vector<Shape>& input_shapes) override;
  LayerOutputs call_with_masks(const std::vector<Array>& inputs,
                               const CallContext& context) override;
  void give_own_inputs();
  void order_layers();
  /// The calls of a layer, in the order in which they were made.
  std::vector<CallRef> calls_of(const Layer& layer) const;
  /// Keras's [name, call, output] of a tensor.
  Json history(const KerasTensor& tensor) const;
  Json call_config(const LayerCall& call) const;

  std::vector<KerasTensor> inputs_, outputs_;
  std::vector<CallRef> calls_;
  std::vector<Layer> operations_, layers_;
};

/// The network that `get_config` of a FunctionalNetwork, ours or Keras's, describes, with new
/// layers. Errors: IoError for a config that is not one; those of `layer_from_config`.
std::shared_ptr<FunctionalNetwork> functional_from_config(const Json& config);

}  // namespace danlu
