#include "danlu/nn/metrics.h"

#include <limits>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/losses.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using metrics::Function;

Array as_dtype(const Array& x, DType dtype) { return x.dtype() == dtype ? x : cast(x, dtype); }

void require(bool fits, const Array& y_true, const Array& y_pred, const char* expected) {
  if (fits) return;
  throw ShapeError({.what = "Targets and predictions do not fit each other",
                    .expected = expected,
                    .received = "targets " + y_true.shape().to_string() + ", predictions " +
                                y_pred.shape().to_string()});
}

/// total / count over all batches.
class MeanMetric : public MetricImpl {
 public:
  MeanMetric(Function function, std::string name)
      : MetricImpl(std::move(name)),
        function_(std::move(function)),
        total_(add_variable("total")),
        count_(add_variable("count")) {}

  void update_state(const Array& y_true, const Array& y_pred) override {
    const Array values = with_error_context(name(), [&] { return function_(y_true, y_pred); });
    add(values, 1);
  }

  void add(const Array& values, double weight) {
    Array sum_of_values = values.rank() == 0 ? values : sum(values);
    if (weight != 1) sum_of_values = sum_of_values * weight;
    total_.assign(total_ + as_dtype(sum_of_values, total_.dtype()));
    count_.assign(count_ + weight * static_cast<double>(values.size()));
  }

  Array result() const override {
    const Array count = count_;
    return where(count > 0.0, total_ / maximum(count, 1e-30), zeros_like(count));
  }

  double value() const override {
    const double count = count_.value().item<double>();
    return count > 0 ? total_.value().item<double>() / count : 0.0;
  }

 private:
  Function function_;
  Variable total_, count_;
};

Array matches(const Array& a, const Array& b) { return cast(equal(a, b), floatx()); }

Array exact(const Array& y_true, const Array& y_pred) {
  Array target = y_true, prediction = y_pred;
  internal::match_ranks(target, prediction);
  require(target.shape() == prediction.shape(), y_true, y_pred, "equal shapes");
  return matches(as_dtype(target, prediction.dtype()), prediction);
}

Array binary(const Array& y_true, const Array& y_pred, double threshold) {
  Array target = y_true, prediction = y_pred;
  internal::match_ranks(target, prediction);
  require(target.shape() == prediction.shape(), y_true, y_pred, "equal shapes");
  return matches(as_dtype(target, prediction.dtype()),
                 cast(prediction > threshold, prediction.dtype()));
}

Array categorical(const Array& y_true, const Array& y_pred) {
  require(y_true.shape() == y_pred.shape() && y_pred.rank() > 0, y_true, y_pred,
          "both of shape (…, classes)");
  return matches(argmax(y_true, -1), argmax(y_pred, -1));
}

/// Labels as int64, without a last axis of length 1.
Array labels_of(const Array& y_true, const Array& y_pred) {
  Array labels = y_true;
  if (labels.rank() == y_pred.rank() && labels.rank() > 0 && labels.shape()[-1] == 1) {
    labels = squeeze(labels, -1);
  }
  require(y_pred.rank() > 0 && labels.shape() == y_pred.shape().without_axis(y_pred.rank() - 1),
          y_true, y_pred, "labels (…) and predictions (…, classes)");
  return as_dtype(labels, DType::int64);
}

Array sparse(const Array& y_true, const Array& y_pred) {
  return matches(labels_of(y_true, y_pred), argmax(y_pred, -1));
}

/// Whether fewer than k predictions exceed that of the class `labels`.
Array in_top_k(const Array& labels, const Array& y_pred, int64_t k) {
  const Array chosen = one_hot(labels, y_pred.shape()[-1], DType::bool_);
  const double lowest = -std::numeric_limits<double>::infinity();
  const Array score = max(where(chosen, y_pred, lowest), {-1}, true);  // (…, 1)
  const Array better = sum(cast(y_pred > score, floatx()), {-1});
  return cast(better < static_cast<double>(k), floatx());
}

Array accuracy_by_shape(const Array& y_true, const Array& y_pred) {
  const int64_t classes = y_pred.rank() > 0 ? y_pred.shape()[-1] : 1;
  if (classes == 1) return binary(y_true, y_pred, 0.5);
  const bool labels =
      y_true.rank() < y_pred.rank() || (y_true.rank() > 0 && y_true.shape()[-1] == 1);
  return labels ? sparse(y_true, y_pred) : categorical(y_true, y_pred);
}

std::string or_else(std::string name, const char* otherwise) {
  return name.empty() ? otherwise : std::move(name);
}

Metric find_metric(const std::string& name) {
  if (name == "accuracy" || name == "acc") {
    return metrics::MeanMetricWrapper(accuracy_by_shape, name);
  }
  if (name == "binary_accuracy") return metrics::BinaryAccuracy();
  if (name == "categorical_accuracy") return metrics::CategoricalAccuracy();
  if (name == "sparse_categorical_accuracy") return metrics::SparseCategoricalAccuracy();
  if (name == "top_k_categorical_accuracy") return metrics::TopKCategoricalAccuracy();
  if (name == "sparse_top_k_categorical_accuracy") return metrics::SparseTopKCategoricalAccuracy();
  if (name == "mean_squared_error" || name == "mse") {
    return metrics::MeanSquaredError({.name = name});
  }
  throw ValueError({.where = "metric",
                    .what = "There is no metric of this name",
                    .expected = "one of accuracy, acc, binary_accuracy, categorical_accuracy, "
                                "sparse_categorical_accuracy, top_k_categorical_accuracy, "
                                "sparse_top_k_categorical_accuracy, mean_squared_error, mse",
                    .received = "\"" + name + "\""});
}

}  // namespace

double MetricImpl::value() const { return result().item<double>(); }

void MetricImpl::reset_state() {
  for (Variable& variable : variables_) variable.assign(zeros(variable.shape(), variable.dtype()));
}

Variable MetricImpl::add_variable(std::string name, const Shape& shape) {
  variables_.emplace_back(zeros(shape, floatx()), name_ + "/" + std::move(name), false);
  return variables_.back();
}

Metric::Metric(const std::string& name) : Metric(find_metric(name)) {}

namespace metrics {

MeanMetricWrapper::MeanMetricWrapper(Function function, std::string name)
    : Metric(std::make_shared<MeanMetric>(std::move(function), std::move(name))) {}

Accuracy::Accuracy(NameConfig c) : MeanMetricWrapper(exact, or_else(c.name, "accuracy")) {}

BinaryAccuracy::BinaryAccuracy(BinaryAccuracyConfig c)
    : MeanMetricWrapper([threshold = c.threshold](
                            const Array& t, const Array& p) { return binary(t, p, threshold); },
                        or_else(c.name, "binary_accuracy")) {}

CategoricalAccuracy::CategoricalAccuracy(NameConfig c)
    : MeanMetricWrapper(categorical, or_else(c.name, "categorical_accuracy")) {}

SparseCategoricalAccuracy::SparseCategoricalAccuracy(NameConfig c)
    : MeanMetricWrapper(sparse, or_else(c.name, "sparse_categorical_accuracy")) {}

TopKCategoricalAccuracy::TopKCategoricalAccuracy(TopKConfig c)
    : MeanMetricWrapper(
          [k = c.k](const Array& t, const Array& p) {
            require(t.shape() == p.shape() && p.rank() > 0, t, p, "both of shape (…, classes)");
            return in_top_k(argmax(t, -1), p, k);
          },
          or_else(c.name, "top_k_categorical_accuracy")) {}

SparseTopKCategoricalAccuracy::SparseTopKCategoricalAccuracy(TopKConfig c)
    : MeanMetricWrapper(
          [k = c.k](const Array& t, const Array& p) { return in_top_k(labels_of(t, p), p, k); },
          or_else(c.name, "sparse_top_k_categorical_accuracy")) {}

MeanSquaredError::MeanSquaredError(NameConfig c)
    : MeanMetricWrapper(
          [](const Array& t, const Array& p) { return losses::mean_squared_error(t, p); },
          or_else(c.name, "mean_squared_error")) {}

Mean::Mean(std::string name) : metric_(std::make_shared<MeanMetric>(Function(), std::move(name))) {}

void Mean::update_state(const Array& values, double weight) {
  static_cast<MeanMetric*>(metric_.operator->())->add(values, weight);
}

}  // namespace metrics
}  // namespace danlu
