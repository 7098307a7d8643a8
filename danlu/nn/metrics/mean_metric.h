#pragma once

#include <string>

#include "danlu/nn/metrics.h"

namespace danlu {

/// total / count over all batches: the metric behind `metrics::Mean` and every mean of a function.
class MeanMetric : public MetricImpl {
 public:
  MeanMetric(std::string class_name, Json config, metrics::Function function);

  std::string_view class_name() const override { return class_name_; }
  Json get_config() const override { return config_; }
  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override;
  /// Adds values that are there already.
  void add(const Loss::Values& values, const Array& sample_weight);
  /// Adds a scalar `count` times; the number stays a number, so that the state is updated in place.
  void add_scalar(const Array& value, double count);
  Array result() const override;
  double value() const override;

 private:
  std::string class_name_;
  Json config_;
  metrics::Function function_;
  Variable total_, count_;
};

namespace metrics {
/// "accuracy": the binary, sparse or categorical one, by the shapes of what it sees.
MeanMetricWrapper accuracy_for_shapes(const std::string& name);
}  // namespace metrics

}  // namespace danlu
