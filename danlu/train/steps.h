#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "danlu/nn/network.h"
#include "danlu/train/compiled.h"
#include "danlu/train/history.h"
#include "danlu/train/step_cache.h"

namespace danlu {

class CustomNetwork;

/// What a step of one's own gives to the logs: scalars by name, or results of metrics.
using StepLogs = std::vector<std::pair<std::string, Array>>;

/// The compiled work of one model: a training step, a test step, and the metrics they keep. A step
/// is one Program: forward, loss, backward, update of the weights, metrics, random states.
class Steps {
 public:
  /// Errors: ValueError for arguments that do not fit the network's outputs; none else until a step
  /// is traced.
  Steps(std::shared_ptr<Network> network, CompileConfig config);

  /// One optimizer step; the step it ran, whose `taps()` are there with `keep_taps`. Errors:
  /// ValueError for a fault in the data; nothing has changed then.
  BoundStep& train(const Batch& b, bool keep_taps = false) {
    return *(latest_ = &train_.run(b.x, b.y, b.sample_weight, keep_taps));
  }
  void test(const Batch& b) { latest_ = &test_.run(b.x, b.y, b.sample_weight); }
  void reset_metrics();
  /// "loss" and every metric, as they stand; or what the latest step of a network's own gave.
  Logs logs() const;
  /// Programs traced so far.
  size_t traced() const { return train_.traced() + test_.traced(); }

  /// Everything that a training step on such a batch may change.
  std::vector<Variable> training_state(const Batch& b);

  /// What steps are made of, lazily; a network's own `train_step` uses them as it likes.
  StepLogs train_step(const StepInputs& data);
  StepLogs test_step(const StepInputs& data);
  /// The losses of the outputs, and what layers have added. Errors: ValueError when there are none.
  Array compute_loss(const StepInputs& data, const LayerOutputs& y_pred);
  /// Takes one step of `optimizer` (default: the compiled one) down `loss`.
  void minimize(const Array& loss, const std::vector<Variable>& variables);
  static void minimize(const Array& loss, const std::vector<Variable>& variables,
                       const Optimizer& optimizer);
  /// Adds a batch to "loss" and to the compiled metrics.
  void update_metrics(const StepInputs& data, const LayerOutputs& y_pred, const Array& loss);

  Optimizer& optimizer() { return config_.optimizer; }
  const CompiledLoss& loss() const { return loss_; }
  const CompiledMetrics& metrics() const { return metrics_; }
  /// What it was compiled with.
  const CompileConfig& config() const { return config_; }

 private:
  std::vector<Array> run(bool training, const StepInputs& data);
  std::vector<Variable> state(bool training, const StepSpecs& inputs);
  std::vector<Variable> compiled_state(bool training, const StepSpecs& inputs);
  std::vector<Variable> touched_state(bool training, const StepSpecs& inputs);

  std::shared_ptr<Network> network_;
  CustomNetwork* custom_;  ///< the network, when it may have steps of its own
  CompileConfig config_;
  CompiledLoss loss_;
  CompiledMetrics metrics_;
  metrics::Mean loss_tracker_{"loss"};
  StepCache train_, test_;
  BoundStep* latest_ = nullptr;
  std::vector<std::string> log_names_;  ///< of the outputs of steps
};

/// Everything of a network that a step on `inputs` reads or changes. States that await the batch
/// are made; without inputs they are missing.
std::vector<Variable> network_state(Network& network, const std::vector<TensorSpec>& inputs = {});

}  // namespace danlu
