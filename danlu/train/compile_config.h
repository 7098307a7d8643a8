#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "danlu/nn/losses.h"
#include "danlu/nn/metric.h"
#include "danlu/optim/optimizer.h"
#include "danlu/train/per_output.h"

namespace danlu {

/// The metrics of one output: `"accuracy"`, `{"accuracy", "mae"}`.
class MetricList : public std::vector<Metric> {
 public:
  MetricList(const char* name) : vector{Metric(name)} {}
  MetricList(const std::string& name) : vector{Metric(name)} {}
  MetricList(const Metric& metric) : vector{metric} {}
  MetricList(std::initializer_list<Metric> metrics) : vector(metrics) {}
  MetricList(std::vector<Metric> metrics) : vector(std::move(metrics)) {}
};

/// What training needs besides the network. Names or objects: `.optimizer = "adam"` or
/// `Adam({.learning_rate = 1e-3})`.
///
/// A model of several outputs minimizes the sum of their losses, each times its weight; "loss" is
/// that sum (and what layers add), "<output>_loss" each one without its weight, and metrics are
/// called "<output>_<metric>".
struct CompileConfig {
  Optimizer optimizer = "adam";
  /// One for all outputs, or one for each; `std::nullopt` for an output that is not trained. None
  /// at all (`{}`) where layers add the loss or a network has a `train_step` of its own. Keras also
  /// takes a list shorter than the outputs, and ignores the others silently; here that is an error.
  PerOutput<Loss> loss = "mean_squared_error";
  /// What each output's loss is multiplied by, where it is not 1.
  PerOutput<double> loss_weights = {};
  /// Of a single output all that are named; of several a metric or a list for each:
  /// `{{"label", "accuracy"}, {"score", {"mae", "mse"}}}`. Samples count alike here. Masks of
  /// outputs reach means of functions, as in Keras, which on JAX loses them in training steps.
  PerOutput<MetricList> metrics = {};
  /// Those that take the weights of samples and classes.
  PerOutput<MetricList> weighted_metrics = {};
  /// Of a "mixed_float16" model the optimizer is put into a LossScaleOptimizer.
  bool auto_scale_loss = true;
  /// Batches to a call of the batch callbacks.
  int64_t steps_per_execution = 1;
  /// Refused: there is one way of execution. Taps (danlu/ops/tap.h) show values inside a step.
  bool run_eagerly = false;
};

}  // namespace danlu
