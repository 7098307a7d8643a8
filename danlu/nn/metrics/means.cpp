#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/io/config.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/metrics.h"
#include "danlu/nn/metrics/mean_metric.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu::metrics {
namespace {

void require(bool fits, const Array& y_true, const Array& y_pred, const char* expected) {
  if (fits) return;
  throw ShapeError({.what = "Targets and predictions do not fit each other",
                    .expected = expected,
                    .received = "targets " + y_true.shape().to_string() + ", predictions " +
                                y_pred.shape().to_string()});
}

struct Pair {
  Array target, prediction;
};

/// Both of one shape, in the predictions' dtype.
Pair matched(const Array& y_true, const Array& y_pred) {
  Pair p{y_true, y_pred};
  internal::match_ranks(p.target, p.prediction);
  require(p.target.shape() == p.prediction.shape(), y_true, y_pred, "equal shapes");
  if (p.target.dtype() != p.prediction.dtype()) p.target = cast(p.target, p.prediction.dtype());
  return p;
}

Array matches(const Array& a, const Array& b) { return cast(equal(a, b), floatx()); }

Array exact(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = matched(y_true, y_pred);
  return matches(target, prediction);
}

Array binary(const Array& y_true, const Array& y_pred, double threshold) {
  const auto [target, prediction] = matched(y_true, y_pred);
  return matches(target, cast(prediction > threshold, prediction.dtype()));
}

Array categorical(const Array& y_true, const Array& y_pred) {
  require(y_true.shape() == y_pred.shape() && y_pred.rank() > 0, y_true, y_pred,
          "both of shape (…, classes)");
  return matches(argmax(y_true, -1), argmax(y_pred, -1));
}

Array labels_of(const Array& y_true, const Array& y_pred) {
  Array labels = y_true;
  if (labels.rank() == y_pred.rank() && labels.rank() > 0 && labels.shape()[-1] == 1) {
    labels = squeeze(labels, -1);
  }
  require(y_pred.rank() > 0 && labels.shape() == y_pred.shape().without_axis(y_pred.rank() - 1),
          y_true, y_pred, "labels (…) and predictions (…, classes)");
  return cast(labels, DType::int64);
}

Array sparse(const Array& y_true, const Array& y_pred) {
  return matches(labels_of(y_true, y_pred), argmax(y_pred, -1));
}

/// Whether fewer than k predictions exceed that of the class `labels`.
Array in_top_k(const Array& labels, const Array& y_pred, int64_t k) {
  const Array chosen = internal::one_hot_of_labels(labels, y_pred.shape()[-1], DType::bool_);
  const double lowest = -std::numeric_limits<double>::infinity();
  const Array score = max(where(chosen, y_pred, lowest), {-1}, true);  // (…, 1)
  const Array better = sum(cast(y_pred > score, floatx()), {-1});
  return cast(better < static_cast<double>(k), floatx());
}

/// Whether `labels` is among the first k of the classes `ids`, the best first.
Array in_first_k(const Array& labels, const Array& ids, int64_t k) {
  const int64_t count = std::min(k, ids.shape()[-1]);
  const Array best = take(ids, arange(count), -1);
  return cast(any(expand_dims(cast(labels, ids.dtype()), -1) == best, {-1}), floatx());
}

Array accuracy_by_shape(const Array& y_true, const Array& y_pred) {
  const int64_t classes = y_pred.rank() > 0 ? y_pred.shape()[-1] : 1;
  if (classes == 1) return binary(y_true, y_pred, 0.5);
  const bool labels =
      y_true.rank() < y_pred.rank() || (y_true.rank() > 0 && y_true.shape()[-1] == 1);
  return labels ? sparse(y_true, y_pred) : categorical(y_true, y_pred);
}

Array pearson(const Array& y_true, const Array& y_pred, int64_t axis) {
  const auto [target, prediction] = matched(y_true, y_pred);
  const auto standard = [&](const Array& x) {
    const Array centered = x - mean(x, {axis}, true);
    return centered / std(centered, {axis}, true);
  };
  return mean(standard(target) * standard(prediction), {axis});
}

Array concordance(const Array& y_true, const Array& y_pred, int64_t axis) {
  const auto [target, prediction] = matched(y_true, y_pred);
  const Array target_mean = mean(target, {axis}, true), mean_of = mean(prediction, {axis}, true);
  const Array norm = var(target - target_mean, {axis}, true) +
                     var(prediction - mean_of, {axis}, true) + square(target_mean - mean_of);
  // Both less the predictions' mean: Keras's formula, whose mean is the covariance all the same.
  const Array covariance = (target - mean_of) * (prediction - mean_of);
  return mean(2.0 * covariance / (norm + 1e-7), {axis});
}

/// A mean of class `class_name` that `function` computes; called `name` where the config says
/// nothing.
template <class Config, class F>
MeanMetricWrapper mean_of(const char* class_name, const char* name, Config config, F function) {
  if (config.name.empty()) config.name = name;
  return MeanMetricWrapper(class_name, config_to_json(config), Function(std::move(function)));
}

class RootMean final : public MeanMetric {
 public:
  using MeanMetric::MeanMetric;
  Array result() const override { return sqrt(MeanMetric::result()); }
  double value() const override { return std::sqrt(MeanMetric::value()); }
};

class ExpMean final : public MeanMetric {
 public:
  using MeanMetric::MeanMetric;
  Array result() const override { return exp(MeanMetric::result()); }
  double value() const override { return std::exp(MeanMetric::value()); }
};

}  // namespace

Accuracy::Accuracy(NameConfig c) : MeanMetricWrapper(mean_of("Accuracy", "accuracy", c, exact)) {}

MeanMetricWrapper accuracy_for_shapes(const std::string& name) {
  return MeanMetricWrapper([](const Array& t, const Array& p) { return accuracy_by_shape(t, p); },
                           name);
}

BinaryAccuracy::BinaryAccuracy(BinaryAccuracyConfig c)
    : MeanMetricWrapper(
          mean_of("BinaryAccuracy", "binary_accuracy", c,
                  [c](const Array& t, const Array& p) { return binary(t, p, c.threshold); })) {}

CategoricalAccuracy::CategoricalAccuracy(NameConfig c)
    : MeanMetricWrapper(mean_of("CategoricalAccuracy", "categorical_accuracy", c, categorical)) {}

SparseCategoricalAccuracy::SparseCategoricalAccuracy(NameConfig c)
    : MeanMetricWrapper(
          mean_of("SparseCategoricalAccuracy", "sparse_categorical_accuracy", c, sparse)) {}

TopKCategoricalAccuracy::TopKCategoricalAccuracy(TopKConfig c)
    : MeanMetricWrapper(mean_of("TopKCategoricalAccuracy", "top_k_categorical_accuracy", c,
                                [k = c.k](const Array& t, const Array& p) {
                                  require(t.shape() == p.shape() && p.rank() > 0, t, p,
                                          "both of shape (…, classes)");
                                  return in_top_k(argmax(t, -1), p, k);
                                })) {}

SparseTopKCategoricalAccuracy::SparseTopKCategoricalAccuracy(SparseTopKConfig c)
    : MeanMetricWrapper(mean_of(
          "SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy", c,
          [c](const Array& t, const Array& p) {
            const Array labels = labels_of(t, p);
            return c.from_sorted_ids ? in_first_k(labels, p, c.k) : in_top_k(labels, p, c.k);
          })) {}

MeanSquaredError::MeanSquaredError(NameConfig c)
    : MeanMetricWrapper(
          mean_of("MeanSquaredError", "mean_squared_error", c, losses::mean_squared_error)) {}
MeanAbsoluteError::MeanAbsoluteError(NameConfig c)
    : MeanMetricWrapper(
          mean_of("MeanAbsoluteError", "mean_absolute_error", c, losses::mean_absolute_error)) {}
MeanAbsolutePercentageError::MeanAbsolutePercentageError(NameConfig c)
    : MeanMetricWrapper(mean_of("MeanAbsolutePercentageError", "mean_absolute_percentage_error", c,
                                losses::mean_absolute_percentage_error)) {}
MeanSquaredLogarithmicError::MeanSquaredLogarithmicError(NameConfig c)
    : MeanMetricWrapper(mean_of("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", c,
                                losses::mean_squared_logarithmic_error)) {}
LogCoshError::LogCoshError(NameConfig c)
    : MeanMetricWrapper(mean_of("LogCoshError", "logcosh", c, losses::log_cosh)) {}
KLDivergence::KLDivergence(NameConfig c)
    : MeanMetricWrapper(mean_of("KLDivergence", "kl_divergence", c, losses::kl_divergence)) {}
Poisson::Poisson(NameConfig c)
    : MeanMetricWrapper(mean_of("Poisson", "poisson", c, losses::poisson)) {}
Hinge::Hinge(NameConfig c) : MeanMetricWrapper(mean_of("Hinge", "hinge", c, losses::hinge)) {}
SquaredHinge::SquaredHinge(NameConfig c)
    : MeanMetricWrapper(mean_of("SquaredHinge", "squared_hinge", c, losses::squared_hinge)) {}
CategoricalHinge::CategoricalHinge(NameConfig c)
    : MeanMetricWrapper(
          mean_of("CategoricalHinge", "categorical_hinge", c, losses::categorical_hinge)) {}

BinaryCrossentropy::BinaryCrossentropy(BinaryCrossentropyConfig c)
    : MeanMetricWrapper(mean_of(
          "BinaryCrossentropy", "binary_crossentropy", c, [c](const Array& t, const Array& p) {
            return losses::binary_crossentropy(
                t, p, {.from_logits = c.from_logits, .label_smoothing = c.label_smoothing});
          })) {}

CategoricalCrossentropy::CategoricalCrossentropy(CategoricalCrossentropyConfig c)
    : MeanMetricWrapper(mean_of("CategoricalCrossentropy", "categorical_crossentropy", c,
                                [c](const Array& t, const Array& p) {
                                  return losses::categorical_crossentropy(
                                      t, p,
                                      {.from_logits = c.from_logits,
                                       .label_smoothing = c.label_smoothing,
                                       .axis = c.axis});
                                })) {}

namespace {

Function sparse_crossentropy(const SparseCategoricalCrossentropyConfig& c) {
  return [c](const Array& t, const Array& p) -> Loss::Values {
    Array each = losses::sparse_categorical_crossentropy(
        t, p, {.from_logits = c.from_logits, .ignore_class = c.ignore_class, .axis = c.axis});
    if (!c.ignore_class) return each;
    return {each, internal::class_labels(t, p, c.axis) != *c.ignore_class};
  };
}

}  // namespace

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCategoricalCrossentropyConfig c)
    : MeanMetricWrapper(mean_of("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy",
                                c, sparse_crossentropy(c))) {}

Perplexity::Perplexity(SparseCategoricalCrossentropyConfig c)
    : Metric([&]() -> std::shared_ptr<MetricImpl> {
        if (c.name.empty()) c.name = "perplexity";
        return std::make_shared<ExpMean>("Perplexity", config_to_json(c), sparse_crossentropy(c));
      }()) {}

RootMeanSquaredError::RootMeanSquaredError(NameConfig c)
    : Metric([&]() -> std::shared_ptr<MetricImpl> {
        if (c.name.empty()) c.name = "root_mean_squared_error";
        return std::make_shared<RootMean>("RootMeanSquaredError", config_to_json(c),
                                          [](const Array& t, const Array& p) {
                                            const auto [target, prediction] = matched(t, p);
                                            return square(prediction - target);
                                          });
      }()) {}

CosineSimilarity::CosineSimilarity(AxisConfig c)
    : MeanMetricWrapper(
          mean_of("CosineSimilarity", "cosine_similarity", c, [c](const Array& t, const Array& p) {
            return -losses::cosine_similarity(t, p, c.axis);
          })) {}

PearsonCorrelation::PearsonCorrelation(AxisConfig c)
    : MeanMetricWrapper(
          mean_of("PearsonCorrelation", "pearson_correlation", c,
                  [c](const Array& t, const Array& p) { return pearson(t, p, c.axis); })) {}

ConcordanceCorrelation::ConcordanceCorrelation(AxisConfig c)
    : MeanMetricWrapper(
          mean_of("ConcordanceCorrelation", "concordance_correlation", c,
                  [c](const Array& t, const Array& p) { return concordance(t, p, c.axis); })) {}

}  // namespace danlu::metrics
