#include "danlu/nn/metrics/confusion_counts.h"

#include <algorithm>
#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/loss_functions.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"

namespace danlu::internal {
namespace {

constexpr double kLowest = -1e10;  // Keras's NEG_INF: below every threshold

Array keep_top_k(const Array& x, int64_t k) {
  const Array best = top_k(x, k).second;  // (…, k)
  const Array kept = sum(one_hot(best, x.shape()[-1], x.dtype()), {-2});
  return x * kept + kLowest * (1.0 - kept);
}

Array only_class(const Array& x, int64_t class_id) {
  if (x.rank() < 2) {
    throw ShapeError({.what = "There are no classes to choose `class_id` from",
                      .expected = "predictions of shape (samples, classes)",
                      .received = x.shape().to_string()});
  }
  return take(x, Array(std::vector<int64_t>{class_id}), -1);
}

bool evenly_spread(const std::vector<double>& thresholds) {
  if (thresholds.size() < 3) return false;
  for (size_t i = 0; i < thresholds.size(); ++i) {
    const double even = static_cast<double>(i) / static_cast<double>(thresholds.size() - 1);
    if (std::abs(thresholds[i] - even) > 1e-7 + 1e-5 * even) return false;
  }
  return true;
}

}  // namespace

ConfusionCounts count_confusion(const Array& y_true, const Array& y_pred,
                                const Array& sample_weight, const std::vector<double>& thresholds,
                                const ConfusionOptions& options) {
  Array target = cast(y_true, floatx()), prediction = cast(y_pred, floatx());
  match_ranks(prediction, target);
  if (target.shape() != prediction.shape()) {
    throw ShapeError({.what = "Targets and predictions do not fit each other",
                      .expected = "equal shapes",
                      .received = "targets " + y_true.shape().to_string() + ", predictions " +
                                  y_pred.shape().to_string()});
  }
  Array weight = ones_like(prediction);
  if (sample_weight.defined()) {
    Array column = expand_dims(cast(sample_weight, floatx()), -1);
    if (column.rank() == target.rank() + 1) column = squeeze(column, -1);
    weight = broadcast_to(column, prediction.shape());
  }
  if (options.top_k) prediction = keep_top_k(prediction, *options.top_k);
  if (options.class_id) {
    target = only_class(target, *options.class_id);
    prediction = only_class(prediction, *options.class_id);
    weight = only_class(weight, *options.class_id);
  }
  // Keras puts predictions into buckets where thresholds are even, and limits them to [0, 1] then.
  if (evenly_spread(thresholds)) prediction = clip(prediction, 0.0, 1.0);
  if (options.label_weights) weight = weight * cast(*options.label_weights, floatx());

  const int64_t count = std::ssize(thresholds);
  const Array limits = cast(Array(thresholds), floatx());
  const bool by_label = options.multi_label;
  const auto row = [&](const Array& x) {
    return by_label ? expand_dims(x, 0) : reshape(x, Shape{1, x.size()});
  };
  const Array positive =
      row(prediction) > reshape(limits, by_label ? Shape{count, 1, 1} : Shape{count, 1});
  const Array is_true = cast(target != 0.0, floatx());
  const auto counted = [&](const Array& labels) {
    return sum(where(positive, row(labels), 0.0), {1});
  };
  const auto total = [&](const Array& labels) { return by_label ? sum(labels, {0}) : sum(labels); };
  const Array trues = is_true * weight, falses = (1.0 - is_true) * weight;
  const Array tp = counted(trues), fp = counted(falses);
  return {tp, fp, total(falses) - fp, total(trues) - tp};
}

std::vector<double> even_thresholds(const std::string& where, int64_t n) {
  if (n < 1) {
    throw ValueError({.where = where,
                      .what = "`num_thresholds` must be positive",
                      .received = "num_thresholds=" + std::to_string(n)});
  }
  if (n == 1) return {0.5};
  std::vector<double> thresholds;
  for (int64_t i = 0; i < n; ++i) {
    thresholds.push_back(static_cast<double>(i) / static_cast<double>(n - 1));
  }
  return thresholds;
}

}  // namespace danlu::internal
