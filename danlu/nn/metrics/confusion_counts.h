#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"

namespace danlu::internal {

struct ConfusionOptions {
  std::optional<int64_t> top_k = {}, class_id = {};
  bool multi_label = false;                 ///< counts for each label of the last axis
  std::optional<Array> label_weights = {};  ///< along the last axis
};

/// How many samples (or how much of their weight) are what, for each threshold, of shape
/// (thresholds) or with `multi_label` (thresholds, labels).
struct ConfusionCounts {
  Array true_positives, false_positives, true_negatives, false_negatives;
};
ConfusionCounts count_confusion(const Array& y_true, const Array& y_pred,
                                const Array& sample_weight, const std::vector<double>& thresholds,
                                const ConfusionOptions& options = {});

/// 0, 1 / (n − 1), …, 1; {0.5} for n = 1. Errors: ValueError for n < 1.
std::vector<double> even_thresholds(const std::string& where, int64_t n);

}  // namespace danlu::internal
