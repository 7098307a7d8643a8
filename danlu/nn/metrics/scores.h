#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/metrics/configured_metric.h"

/// Scores of predictions (samples, classes or outputs).
namespace danlu::metrics {

struct FBetaScoreConfig {
  std::string average;  ///< "" (a score for each class), "micro", "macro" or "weighted"
  double beta = 1;      ///< > 0: how much recall counts against precision
  std::optional<double>
      threshold;  ///< in (0, 1]; none: the greatest prediction is the positive one
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("average", c.average), v("beta", c.beta), v("threshold", c.threshold);
  }
};
/// (1 + β²) precision · recall / (β² precision + recall). Called "fbeta_score".
/// Shapes: (samples, classes) both. Errors: ValueError for options out of range.
class FBetaScore : public Metric {
 public:
  FBetaScore(FBetaScoreConfig config = {});
};

struct F1ScoreConfig {
  std::string average;
  std::optional<double> threshold;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("average", c.average), v("threshold", c.threshold);
  }
};
class F1Score : public Metric {
 public:
  F1Score(F1ScoreConfig config = {});
};

struct R2ScoreConfig {
  /// "uniform_average", "variance_weighted_average", or "" for a score of each output.
  std::string class_aggregation = "uniform_average";
  int64_t num_regressors = 0;  ///< > 0: adjusted for so many variables
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("class_aggregation", c.class_aggregation);
    v("num_regressors", c.num_regressors);
  }
};
/// The share of the targets' variance that is explained. Called "r2_score".
/// Shapes: (samples, outputs) both. Errors: ValueError for options out of range.
class R2Score : public Metric {
 public:
  R2Score(R2ScoreConfig config = {});
};

}  // namespace danlu::metrics
