#pragma once

#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/layer.h"
#include "danlu/nn/metrics.h"
#include "danlu/train/compile_config.h"
#include "danlu/train/step_cache.h"

namespace danlu {

/// The losses of a model's outputs (Keras's CompileLoss).
class CompiledLoss {
 public:
  /// Errors: ValueError for arguments that do not fit the outputs.
  CompiledLoss(const CompileConfig& config, const std::vector<std::string>& outputs);

  /// The sum of the losses times their weights; undefined when no output has one. Masks of the
  /// outputs say what counts. Adds each loss to its tracker.
  /// Errors: ValueError for a number of targets or sample weights that fits neither the outputs nor
  /// the losses.
  Array operator()(const StepInputs& data, const LayerOutputs& y_pred) const;

  /// The target that belongs to each output; undefined where there is none. Errors: as above.
  template <class T>
  std::vector<std::optional<T>> targets(const std::vector<T>& y) const {
    std::vector<std::optional<T>> found(terms_.size());
    const std::vector<size_t> places = target_places(y.size());
    for (size_t i = 0; i < places.size(); ++i) found[places[i]] = y[i];
    return found;
  }

  /// "<output>_loss" of each output that has a loss, where there are several.
  const std::vector<metrics::Mean>& trackers() const { return trackers_; }
  /// The loss of each output.
  std::vector<std::optional<Loss>> losses() const;

 private:
  struct Term {
    std::optional<Loss> loss;
    std::optional<double> weight;
    size_t tracker = 0;
  };
  /// The output that each of `count` targets belongs to.
  std::vector<size_t> target_places(size_t count) const;

  std::vector<Term> terms_;  ///< one for each output
  std::vector<metrics::Mean> trackers_;
};

/// The metrics of a model's outputs (Keras's CompileMetrics).
class CompiledMetrics {
 public:
  /// Errors: ValueError for arguments that do not fit the outputs.
  CompiledMetrics(const CompileConfig& config, const std::vector<std::string>& outputs);

  struct Item {
    Metric metric;
    size_t output;
    bool weighted;
    std::string name;  ///< in logs
  };
  const std::vector<Item>& items() const { return items_; }

  void update_state(const CompiledLoss& losses, const StepInputs& data,
                    const LayerOutputs& y_pred) const;

 private:
  std::vector<Item> items_;
};

}  // namespace danlu
