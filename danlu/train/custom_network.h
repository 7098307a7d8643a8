#pragma once

#include <map>
#include <string>
#include <vector>

#include "danlu/nn/network.h"
#include "danlu/train/steps.h"

namespace danlu {

/// The class to derive from for a model of one's own (Keras's subclassed Model): it keeps its
/// layers with `track`, says with `call` (or `call_inputs`) what it computes, and may have a
/// `train_step` and a `test_step` of its own, which `fit` and `evaluate` compile like any other.
///
/// ```
/// struct Twin : CustomNetwork {
///   Twin() : CustomNetwork("Twin") {}
///   Layer inner = track(Dense({.units = 8, .activation = "relu"}));
///   Layer outer = track(Dense({.units = 1}));
///   Array call(const Array& x, const CallContext& context) override {
///     return outer(inner(x, context), context);
///   }
/// };
/// Model model(std::make_shared<Twin>());
/// ```
///
/// Shapes of outputs are found by calling it on inputs without values; a network whose outputs
/// depend on more than shapes overrides `output_shapes`. One of several outputs overrides
/// `output_names`.
class CustomNetwork : public Network {
 public:
  /// `type` is the class's name; the layer's name is made from it where `name` is empty.
  explicit CustomNetwork(std::string_view type, LayerOptions options = {});

  const std::vector<Layer>& layers() const override { return layers_; }
  std::vector<Shape> layer_output_shapes(size_t index) const override;
  /// Errors: UnsupportedError, unless overridden.
  Json get_config() const override;

  /// A step of training: computes, lazily, changes Variables, and returns what is to be logged;
  /// nothing: "loss" and the compiled metrics. It is traced, as one Program, for each shape of
  /// batch, and once before to find the Variables that it reads and changes.
  ///
  /// ```
  /// StepLogs train_step(const StepInputs& data, Steps& compiled) override {
  ///   const LayerOutputs y = apply(data.x, {.training = true});
  ///   const Array loss = compiled.compute_loss(data, y);
  ///   compiled.minimize(loss, trainable_weights());
  ///   return {{"loss", loss}};
  /// }
  /// ```
  virtual StepLogs train_step(const StepInputs& data, Steps& compiled) {
    return compiled.train_step(data);
  }
  virtual StepLogs test_step(const StepInputs& data, Steps& compiled) {
    return compiled.test_step(data);
  }

  /// The state of what `track` got; back to 0 with each epoch.
  std::vector<Variable> metric_variables() const;

 protected:
  /// Makes the weights of `layer` this network's own.
  Layer track(Layer layer);
  Metric track(Metric metric);
  metrics::Mean track(metrics::Mean metric);

  std::vector<Shape> output_shapes(const std::vector<Shape>& input_shapes) const override;
  void build_inputs(const std::vector<Shape>& input_shapes) override;

 private:
  std::vector<Layer> layers_;
  std::vector<Metric> metrics_;
  std::vector<metrics::Mean> means_;
  mutable std::map<std::string, std::vector<Shape>> known_shapes_;  ///< by the inputs'
};

}  // namespace danlu
