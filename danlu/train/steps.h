#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "danlu/compile/bound_step.h"
#include "danlu/data/dataset.h"
#include "danlu/nn/losses.h"
#include "danlu/nn/metrics.h"
#include "danlu/nn/network.h"
#include "danlu/optim/optimizer.h"
#include "danlu/train/history.h"

namespace danlu {

/// What a step computes with (Arrays), or of what kind that is (TensorSpecs).
template <class T>
struct StepData {
  std::vector<T> x, y;
  std::vector<T> sample_weight;  ///< undefined Arrays, specs of shape () where there are none
};
using StepInputs = StepData<Array>;
using StepSpecs = StepData<TensorSpec>;

/// BoundSteps of one body, one for each shape of batch; of more than `kMaxSteps` shapes, those used
/// last.
class StepCache {
 public:
  static constexpr size_t kMaxSteps = 32;

  using Body = std::function<std::vector<Array>(const StepInputs& inputs)>;
  /// What the step may change, for inputs of these specs.
  using State = std::function<std::vector<Variable>(const StepSpecs& inputs)>;

  StepCache(State state, Body body) : state_(std::move(state)), body_(std::move(body)) {}
  /// Runs the step for inputs of these specs, tracing it the first time, with or without taps.
  BoundStep& run(const HostTensors& x, const HostTensors& y = {}, const HostTensors& weight = {},
                 bool keep_taps = false);
  size_t size() const { return entries_.size(); }
  /// Steps made so far, those dropped since included.
  size_t traced() const { return traced_; }

 private:
  using Groups = std::array<const HostTensors*, 3>;
  struct Entry {
    std::array<size_t, 3> counts;
    std::vector<std::optional<TensorSpec>> specs;  ///< of all tensors; nullopt: undefined
    bool keep_taps;
    std::unique_ptr<BoundStep> step;

    bool matches(const Groups& groups) const;
  };
  Entry trace(const Groups& groups, bool keep_taps);

  State state_;
  Body body_;
  std::list<Entry> entries_;  ///< latest used first
  std::vector<const void*> pointers_;
  size_t traced_ = 0;
};

/// The compiled work of one model: a training step, a test step, and the metrics they keep. A step
/// is one Program: forward, loss, backward, update of the weights, metrics, random states.
class Steps {
 public:
  /// Errors: none until a step is traced.
  Steps(std::shared_ptr<Network> network, Optimizer optimizer, Loss loss,
        std::vector<Metric> metrics, std::vector<Metric> weighted_metrics = {});

  /// One optimizer step; the step it ran, whose `taps()` are there with `keep_taps`. Errors:
  /// ValueError for a fault in the data; nothing has changed then.
  BoundStep& train(const Batch& b, bool keep_taps = false) {
    return train_.run(b.x, b.y, b.sample_weight, keep_taps);
  }
  void test(const Batch& b) { test_.run(b.x, b.y, b.sample_weight); }
  void reset_metrics();
  /// "loss" and every metric, as they stand.
  Logs logs() const;
  /// Programs traced so far.
  size_t traced() const { return train_.traced() + test_.traced(); }

  /// Everything that a training step may change.
  std::vector<Variable> training_state() { return state(true, {}); }

  Optimizer& optimizer() { return optimizer_; }
  const Loss& loss() const { return loss_; }

 private:
  /// The loss with what regularizers add.
  Array total_loss(const StepInputs& inputs, const Array& y_pred) const;
  void accumulate(const StepInputs& inputs, const Array& y_pred, const Array& loss);
  std::vector<Variable> state(bool training, const StepSpecs& inputs);
  std::vector<Metric> all_metrics() const;

  std::shared_ptr<Network> network_;
  Optimizer optimizer_;
  Loss loss_;
  metrics::Mean loss_tracker_{"loss"};
  std::vector<Metric> metrics_, weighted_metrics_;
  StepCache train_, test_;
};

/// Everything of a network that a step reads or changes.
std::vector<Variable> network_state(const Network& network);

}  // namespace danlu
