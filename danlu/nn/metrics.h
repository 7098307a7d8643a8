#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/losses.h"
#include "danlu/nn/metric.h"

/// Means and sums over everything seen since the last reset.
namespace danlu::metrics {

/// Values from targets and predictions, which are then averaged.
using Function = Loss::Function;

struct NameConfig {
  std::string name;  ///< empty: the class's, "mean_squared_error"

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name);
  }
};

/// The weighted mean of numbers: what keeps the running loss. Its state is {total, count}.
class Mean {
 public:
  explicit Mean(std::string name = "mean");
  explicit Mean(NameConfig config) : Mean(config.name) {}
  const std::string& name() const { return metric_->name(); }
  const std::vector<Variable>& variables() const { return metric_->variables(); }
  /// Adds `values`, each as often as `sample_weight` says. Values are averaged over the axes that
  /// the weights lack, and all but the first.
  void update_state(const Array& values, const Array& sample_weight = {});
  /// Adds a scalar `count` times.
  void update_state(const Array& value, double count);
  Array result() const { return metric_->result(); }
  double value() const { return metric_->value(); }
  void reset_state() { metric_->reset_state(); }

 private:
  Metric metric_;
};

/// The weighted sum of numbers.
class Sum {
 public:
  explicit Sum(std::string name = "sum");
  const std::string& name() const { return metric_->name(); }
  const std::vector<Variable>& variables() const { return metric_->variables(); }
  void update_state(const Array& values, const Array& sample_weight = {});
  Array result() const { return metric_->result(); }
  double value() const { return metric_->value(); }
  void reset_state() { metric_->reset_state(); }

 private:
  Metric metric_;
};

/// The mean of the values of a function.
class MeanMetricWrapper : public Metric {
 public:
  MeanMetricWrapper(Function function, std::string name);
  /// The same as a class with a config, which `metric_from_config` knows.
  MeanMetricWrapper(std::string class_name, Json config, Function function);
};

/// Share of predictions equal to their targets.
class Accuracy : public MeanMetricWrapper {
 public:
  Accuracy(NameConfig config = {});
};

struct BinaryAccuracyConfig {
  std::string name;
  double threshold = 0.5;  ///< predictions above it count as 1

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("threshold", c.threshold);
  }
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

struct TopKConfig {
  int64_t k = 5;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("k", c.k);
  }
};
/// Share of samples whose class is among the k greatest predictions; ties count as inside.
class TopKCategoricalAccuracy : public MeanMetricWrapper {
 public:
  TopKCategoricalAccuracy(TopKConfig config = {});
};

struct SparseTopKConfig {
  int64_t k = 5;
  std::string name;
  bool from_sorted_ids = false;  ///< predictions are classes, the best first, not scores

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("k", c.k), v("from_sorted_ids", c.from_sorted_ids);
  }
};
class SparseTopKCategoricalAccuracy : public MeanMetricWrapper {
 public:
  SparseTopKCategoricalAccuracy(SparseTopKConfig config = {});
};

/// The means of the losses of these names (danlu/nn/loss_functions.h).
class MeanSquaredError : public MeanMetricWrapper {
 public:
  MeanSquaredError(NameConfig config = {});
};
class MeanAbsoluteError : public MeanMetricWrapper {
 public:
  MeanAbsoluteError(NameConfig config = {});
};
class MeanAbsolutePercentageError : public MeanMetricWrapper {
 public:
  MeanAbsolutePercentageError(NameConfig config = {});
};
class MeanSquaredLogarithmicError : public MeanMetricWrapper {
 public:
  MeanSquaredLogarithmicError(NameConfig config = {});
};
/// Called "logcosh".
class LogCoshError : public MeanMetricWrapper {
 public:
  LogCoshError(NameConfig config = {});
};
class KLDivergence : public MeanMetricWrapper {
 public:
  KLDivergence(NameConfig config = {});
};
class Poisson : public MeanMetricWrapper {
 public:
  Poisson(NameConfig config = {});
};
class Hinge : public MeanMetricWrapper {
 public:
  Hinge(NameConfig config = {});
};
class SquaredHinge : public MeanMetricWrapper {
 public:
  SquaredHinge(NameConfig config = {});
};
class CategoricalHinge : public MeanMetricWrapper {
 public:
  CategoricalHinge(NameConfig config = {});
};

struct BinaryCrossentropyConfig {
  std::string name;
  bool from_logits = false;
  double label_smoothing = 0;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("from_logits", c.from_logits), v("label_smoothing", c.label_smoothing);
  }
};
class BinaryCrossentropy : public MeanMetricWrapper {
 public:
  BinaryCrossentropy(BinaryCrossentropyConfig config = {});
};

struct CategoricalCrossentropyConfig {
  std::string name;
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    BinaryCrossentropyConfig::fields(c, v);
    v("axis", c.axis);
  }
};
class CategoricalCrossentropy : public MeanMetricWrapper {
 public:
  CategoricalCrossentropy(CategoricalCrossentropyConfig config = {});
};

struct SparseCategoricalCrossentropyConfig {
  std::string name;
  bool from_logits = false;
  std::optional<int64_t> ignore_class;  ///< costs nothing; counts, as in Keras, without weights
  int64_t axis = -1;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("from_logits", c.from_logits), v("ignore_class", c.ignore_class);
    v("axis", c.axis);
  }
};
class SparseCategoricalCrossentropy : public MeanMetricWrapper {
 public:
  SparseCategoricalCrossentropy(SparseCategoricalCrossentropyConfig config = {});
};

/// exp of the mean cross-entropy of labels. Not in Keras's core.
/// Shapes: integer targets (…), predictions (…, classes).
class Perplexity : public Metric {
 public:
  Perplexity(SparseCategoricalCrossentropyConfig config = {});
};

class RootMeanSquaredError : public Metric {
 public:
  RootMeanSquaredError(NameConfig config = {});
};

struct AxisConfig {
  std::string name;
  int64_t axis = -1;  ///< along which two vectors lie

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("axis", c.axis);
  }
};
/// 1 for vectors of one direction, unlike the loss.
class CosineSimilarity : public MeanMetricWrapper {
 public:
  CosineSimilarity(AxisConfig config = {});
};
class PearsonCorrelation : public MeanMetricWrapper {
 public:
  PearsonCorrelation(AxisConfig config = {});
};
/// 2 cov / (σ² + σ² + (μ − μ)²). Source: Lin (1989).
class ConcordanceCorrelation : public MeanMetricWrapper {
 public:
  ConcordanceCorrelation(AxisConfig config = {});
};

}  // namespace danlu::metrics
