#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "danlu/data/dataset.h"
#include "danlu/io/tensor_map.h"
#include "danlu/nn/clone_network.h"
#include "danlu/nn/losses.h"
#include "danlu/nn/metrics.h"
#include "danlu/nn/network.h"
#include "danlu/nn/summary.h"
#include "danlu/optim/optimizer.h"
#include "danlu/train/compile_config.h"
#include "danlu/train/fit_options.h"
#include "danlu/train/history.h"
#include "danlu/train/profile.h"

namespace danlu {

class Steps;

/// What `predict` gives: the Array of a model's only output, which this is used like; of several, a
/// list of them, and then this is itself an undefined Array.
class Predictions : public Array {
 public:
  explicit Predictions(std::vector<Array> outputs)
      : Array(outputs.size() == 1 ? outputs[0] : Array()), outputs_(std::move(outputs)) {}
  const std::vector<Array>& outputs() const { return outputs_; }
  /// Output `i` of several. Errors: std::out_of_range.
  const Array& output(size_t i) const { return outputs_.at(i); }

 private:
  std::vector<Array> outputs_;
};

/// How a model is saved.
struct SaveOptions {
  /// Into one .keras file; else its parts into a folder.
  bool zipped = true;
};

/// How weights are saved.
struct SaveWeightsOptions {
  double max_shard_size = 5;  ///< of ".weights.json": GiB of weights in one file
};

/// A batch of its own, for `train_on_batch` and `test_on_batch`.
struct BatchOptions {
  HostTensors sample_weight = {};               ///< as in FitOptions
  std::map<int64_t, double> class_weight = {};  ///< as in FitOptions; only to train
};

/// A network with what belongs to training it. Movable, not copyable.
class Model {
 public:
  explicit Model(std::shared_ptr<Network> network);
  /// Functional: `Model model(x, y)`, `Model model({a, b}, {c, d})`. Errors: as FunctionalNetwork.
  Model(KerasTensors inputs, KerasTensors outputs, std::string name = "");
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  Network& network() const { return *network_; }
  const std::string& name() const { return network_->name(); }
  const std::vector<Layer>& layers() const { return network_->layers(); }
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Layer get_layer(const std::string& name) const;
  /// `layers()[index]`. Errors: ValueError when there are not so many.
  Layer get_layer(size_t index) const;

  /// The model as a layer of another one.
  operator Layer() const { return Layer(network_); }
  KerasTensor operator()(const KerasTensor& x) const { return Layer(network_)(x); }
  std::vector<KerasTensor> operator()(const std::vector<KerasTensor>& inputs) const {
    return Layer(network_)(inputs);
  }

  /// The outputs for `x`, lazily. Shapes: with the batch axis.
  Array operator()(const Array& x, const CallContext& context = {}) const {
    return (*network_)(x, context);
  }
  std::vector<Array> operator()(const std::vector<Array>& inputs,
                                const CallContext& context = {}) const {
    return network_->apply(inputs, context).values;
  }
  /// The model as a pure function of parameters (as `trainable_weights()`) and state (as
  /// `non_trainable_variables()`): outputs and new state. Errors: ValueError for wrong counts.
  std::pair<Array, std::vector<Array>> call(const std::vector<Array>& params,
                                            const std::vector<Array>& state, const Array& x,
                                            const CallContext& context = {}) const {
    return stateless_call(*network_, params, state, x, context);
  }

  /// The values a training loop of one's own starts from; makes the optimizer's slots.
  TrainState train_state(const Optimizer& optimizer) const;
  /// Takes the parameters and the state of `s` (not the slots). Errors: ValueError for wrong
  /// counts.
  void assign(const TrainState& s);

  std::vector<Variable> weights() const { return network_->weights(); }
  std::vector<Variable> trainable_weights() const { return network_->trainable_weights(); }
  std::vector<Variable> non_trainable_weights() const { return network_->non_trainable_weights(); }
  std::vector<Variable> non_trainable_variables() const {
    return network_->non_trainable_variables();
  }
  int64_t count_params() const { return network_->count_params(); }
  /// Values of `weights()`; they stay as they are whatever training does later.
  std::vector<Array> get_weights() const;
  /// Errors: ValueError for another number of values, ShapeError or DTypeError naming the weight;
  /// nothing has changed then.
  void set_weights(const std::vector<Array>& values);

  /// Weights by path, "conv2d/kernel". Errors: StateError when the model is not built.
  TensorMap weights_map() const;
  /// Takes every weight from `tensors`. Errors: IoError naming `where` and the weight that is
  /// missing, unknown, or of another shape or dtype; nothing has changed then.
  void load_weights_map(const TensorMap& tensors, const std::string& where);
  /// Writes the weights, each file whole or not at all: to "x.weights.h5" as Keras does, with the
  /// state of the optimizer; to "x.weights.json" and several files beside it, which it names; to
  /// "x.safetensors". Errors: ValueError for another ending; StateError before the model is built;
  /// IoError.
  void save_weights(const std::string& path, const SaveWeightsOptions& options = {}) const;
  /// Reads what `save_weights`, Keras's or ours, wrote, or the weights in a ".keras" file; of
  /// Keras's formats also the state of the optimizer. Errors: as `load_weights_map`; ValueError for
  /// another ending; StateError when the model is not built.
  void load_weights(const std::string& path);
  /// Writes a ".keras" file, or its parts into a folder, which Keras 3 and `load_model` read:
  /// architecture, weights, and what the model is compiled with. A loss or metric of one's own
  /// cannot be written; such a model is saved as if it were not compiled. Errors: ValueError for
  /// another ending; StateError before the model is built; UnsupportedError for layers with
  /// functions of one's own; IoError.
  void save(const std::string& path, const SaveOptions& options = {}) const;
  /// The architecture as Keras's `to_json` writes it. Errors: as `save`.
  std::string to_json() const;

  /// Prepares training; a second call starts over with a new optimizer.
  void compile(CompileConfig config);
  bool compiled() const { return steps_ != nullptr; }
  /// What `compile` got. Errors: StateError before it.
  const CompileConfig& compile_config() const;
  /// Errors: StateError before `compile`.
  OptimizerImpl& optimizer() const;
  /// The compiled training and test steps, for loops of one's own. Errors: StateError before
  /// `compile`.
  Steps& steps() const;

  /// Trains. Errors: StateError before `compile`; ValueError for bad options or data that a step
  /// refuses (the weights are then those of the last good step).
  History fit(const Dataset& data, const FitOptions& options = {});
  History fit(const DataSplit& data, const FitOptions& options = {});
  History fit(const HostTensors& x, const HostTensors& y, const FitOptions& options = {});

  /// One step on these samples, with metrics that begin anew: "loss" and every metric. Errors: as
  /// `fit`.
  Logs train_on_batch(const HostTensors& x, const HostTensors& y, const BatchOptions& options = {});
  /// The same without a change of weights.
  Logs test_on_batch(const HostTensors& x, const HostTensors& y, const BatchOptions& options = {});
  /// The outputs for samples that are computed together.
  Predictions predict_on_batch(const HostTensors& x);

  /// "loss" and every metric over all samples. Errors: as `fit`.
  Logs evaluate(const Dataset& data, const EvaluateOptions& options = {});
  Logs evaluate(const DataSplit& data, const EvaluateOptions& options = {});
  Logs evaluate(const HostTensors& x, const HostTensors& y, const EvaluateOptions& options = {});

  /// The outputs for all samples, or those of the first `steps` batches, computed batch by batch.
  /// Several inputs: `predict({a, b})`.
  Predictions predict(const Dataset& data, int64_t steps = 0);
  Predictions predict(const DataSplit& data, const PredictOptions& options = {});
  Predictions predict(const HostTensors& x, const PredictOptions& options = {});
  Predictions predict(std::initializer_list<Array> x, const PredictOptions& options = {}) {
    return predict(HostTensors(x), options);
  }
  Predictions predict(std::initializer_list<HostTensor> x, const PredictOptions& options = {}) {
    return predict(HostTensors(x), options);
  }

  /// Where the time of a training step on a batch of these samples goes. The weights, the optimizer
  /// and the metrics are as before afterwards. Errors: as `fit`.
  Profile profile(const DataSplit& data, int64_t batch_size = 32, int steps = 50);

  /// Prints Keras's table to stdout. Errors: as danlu::summary_text.
  void summary(SummaryOptions options = {}) const;
  std::string summary_text(SummaryOptions options = {}) const;

  /// Set by callbacks: training ends with this epoch.
  bool stop_training = false;

 private:
  friend class FitLoop;
  Dataset dataset(DataSplit split, int64_t batch_size) const;
  /// `data` in the order of the model's inputs and outputs; the network is built for it, but not by
  /// a step when it may have steps of its own, which need not call it on the data.
  Dataset prepared(const Dataset& data, bool for_steps) const;
  /// All samples as one batch.
  Batch whole_batch(DataSplit split) const;

  std::shared_ptr<Network> network_;
  std::unique_ptr<Steps> steps_;
  struct Predictor;
  std::unique_ptr<Predictor> predictor_;
};

/// A model of the same architecture with layers and first weights of its own, not compiled.
/// Errors: as clone_network.
Model clone_model(const Model& model, const CloneOptions& options = {});

/// A model of layers one after another:
/// `Sequential model({Dense({.units = 8, .activation = "tanh", .input_shape = {2}}), Dense(…)});`
/// Errors: ValueError for two layers of one name; those of the layers.
class Sequential : public Model {
 public:
  Sequential(std::initializer_list<Layer> layers, std::string name = "");
  explicit Sequential(std::vector<Layer> layers, std::string name = "");
};

}  // namespace danlu
