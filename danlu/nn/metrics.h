#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/variable.h"

namespace danlu {

/// What a metric is made of: state in Variables, so that a training step accumulates it. Derive
/// from it for a metric of one's own.
class MetricImpl {
 public:
  explicit MetricImpl(std::string name) : name_(std::move(name)) {}
  virtual ~MetricImpl() = default;
  MetricImpl(const MetricImpl&) = delete;
  MetricImpl& operator=(const MetricImpl&) = delete;

  const std::string& name() const { return name_; }
  const std::vector<Variable>& variables() const { return variables_; }
  /// Adds a batch to the state.
  virtual void update_state(const Array& y_true, const Array& y_pred) = 0;
  /// The value of the state so far, lazily: a scalar.
  virtual Array result() const = 0;
  /// The same as a number, read from the state.
  virtual double value() const;
  /// Every variable back to 0.
  void reset_state();

 protected:
  Variable add_variable(std::string name, const Shape& shape = {});

 private:
  std::string name_;
  std::vector<Variable> variables_;
};

/// A handle on a metric; copies share the state. Known names: accuracy (acc), binary_accuracy,
/// categorical_accuracy, sparse_categorical_accuracy, top_k_categorical_accuracy,
/// sparse_top_k_categorical_accuracy, mean_squared_error (mse).
///
/// "accuracy" becomes the binary, the sparse or the categorical one by the shapes of targets and
/// predictions, as in Keras.
class Metric {
 public:
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Metric(const std::string& name);
  Metric(const char* name) : Metric(std::string(name)) {}
  explicit Metric(std::shared_ptr<MetricImpl> impl) : impl_(std::move(impl)) {}
  MetricImpl* operator->() const { return impl_.get(); }

 private:
  std::shared_ptr<MetricImpl> impl_;
};

namespace metrics {

/// Values from targets and predictions, which are then averaged.
using Function = std::function<Array(const Array& y_true, const Array& y_pred)>;

struct NameConfig {
  std::string name;
};
struct BinaryAccuracyConfig {
  std::string name;
  double threshold = 0.5;  ///< predictions above it count as 1
};
struct TopKConfig {
  int64_t k = 5;
  std::string name;
};

/// The mean of the values of a function over everything seen since the last reset.
class MeanMetricWrapper : public Metric {
 public:
  MeanMetricWrapper(Function function, std::string name);
};
/// Share of predictions equal to their targets.
class Accuracy : public MeanMetricWrapper {
 public:
  Accuracy(NameConfig config = {});
};
class BinaryAccuracy : public MeanMetricWrapper {
 public:
  BinaryAccuracy(BinaryAccuracyConfig config = {});
};
/// Shapes: (…, classes) both.
class CategoricalAccuracy : public MeanMetricWrapper {
 public:
  CategoricalAccuracy(NameConfig config = {});
};
/// Shapes: integer targets (…) or (…, 1), predictions (…, classes).
class SparseCategoricalAccuracy : public MeanMetricWrapper {
 public:
  SparseCategoricalAccuracy(NameConfig config = {});
};
/// Share of samples whose class is among the k greatest predictions; ties count as inside.
class TopKCategoricalAccuracy : public MeanMetricWrapper {
 public:
  TopKCategoricalAccuracy(TopKConfig config = {});
};
class SparseTopKCategoricalAccuracy : public MeanMetricWrapper {
 public:
  SparseTopKCategoricalAccuracy(TopKConfig config = {});
};
class MeanSquaredError : public MeanMetricWrapper {
 public:
  MeanSquaredError(NameConfig config = {});
};

/// The weighted mean of numbers: what keeps the running loss. Its state is {total, count}.
class Mean {
 public:
  explicit Mean(std::string name = "mean");
  const std::string& name() const { return metric_->name(); }
  const std::vector<Variable>& variables() const { return metric_->variables(); }
  /// Adds `values`, each `weight` times.
  void update_state(const Array& values, double weight = 1);
  Array result() const { return metric_->result(); }
  double value() const { return metric_->value(); }
  void reset_state() { metric_->reset_state(); }

 private:
  Metric metric_;
};

}  // namespace metrics
}  // namespace danlu
