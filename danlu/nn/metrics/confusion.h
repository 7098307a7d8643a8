#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/metrics/configured_metric.h"

/// Metrics of predictions in [0, 1] that count as positive above a threshold.
namespace danlu::metrics {

/// One threshold or several, or none: the default. In JSON a number or a list.
struct Thresholds : std::vector<double> {
  using std::vector<double>::vector;
  Thresholds(double one) : std::vector<double>{one} {}
};
Json to_json(const Thresholds& x);
void from_json(const Json& json, Thresholds& x);

struct ThresholdsConfig {
  Thresholds thresholds;  ///< in [0, 1]; none: 0.5. With several the result is a vector
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("thresholds", c.thresholds);
  }
};
/// Weighted counts. Errors: ValueError for a threshold outside [0, 1].
class TruePositives : public Metric {
 public:
  TruePositives(ThresholdsConfig config = {});
};
class FalsePositives : public Metric {
 public:
  FalsePositives(ThresholdsConfig config = {});
};
class TrueNegatives : public Metric {
 public:
  TrueNegatives(ThresholdsConfig config = {});
};
class FalseNegatives : public Metric {
 public:
  FalseNegatives(ThresholdsConfig config = {});
};

struct PrecisionConfig {
  Thresholds thresholds;            ///< in [0, 1]; none: 0.5, or with top_k anything
  std::optional<int64_t> top_k;     ///< only the k greatest predictions can be positive
  std::optional<int64_t> class_id;  ///< of the last axis, only this class
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ThresholdsConfig::fields(c, v);
    v("top_k", c.top_k), v("class_id", c.class_id);
  }
};
/// Of the positive predictions, the share that is right.
class Precision : public Metric {
 public:
  Precision(PrecisionConfig config = {});
};
/// Of the positive targets, the share that is found.
class Recall : public Metric {
 public:
  Recall(PrecisionConfig config = {});
};

/// The best of one rate over thresholds at which another reaches a value.
struct SensitivityAtSpecificityConfig {
  double specificity = 0.5;      ///< in [0, 1]
  int64_t num_thresholds = 200;  ///< ≥ 1
  std::optional<int64_t> class_id;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("class_id", c.class_id), v("num_thresholds", c.num_thresholds);
    v("specificity", c.specificity);
  }
};
class SensitivityAtSpecificity : public Metric {
 public:
  SensitivityAtSpecificity(SensitivityAtSpecificityConfig config);
};

struct SpecificityAtSensitivityConfig {
  double sensitivity = 0.5;
  int64_t num_thresholds = 200;
  std::optional<int64_t> class_id;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("class_id", c.class_id), v("num_thresholds", c.num_thresholds);
    v("sensitivity", c.sensitivity);
  }
};
class SpecificityAtSensitivity : public Metric {
 public:
  SpecificityAtSensitivity(SpecificityAtSensitivityConfig config);
};

struct PrecisionAtRecallConfig {
  double recall = 0.5;
  int64_t num_thresholds = 200;
  std::optional<int64_t> class_id;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("class_id", c.class_id), v("num_thresholds", c.num_thresholds);
    v("recall", c.recall);
  }
};
class PrecisionAtRecall : public Metric {
 public:
  PrecisionAtRecall(PrecisionAtRecallConfig config);
};

struct RecallAtPrecisionConfig {
  double precision = 0.5;
  int64_t num_thresholds = 200;
  std::optional<int64_t> class_id;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("class_id", c.class_id), v("num_thresholds", c.num_thresholds);
    v("precision", c.precision);
  }
};
class RecallAtPrecision : public Metric {
 public:
  RecallAtPrecision(RecallAtPrecisionConfig config);
};

struct AUCConfig {
  int64_t num_thresholds = 200;                    ///< ≥ 2
  std::string curve = "ROC";                       ///< "ROC", "PR" or "PRGAIN"
  std::string summation_method = "interpolation";  ///< or "majoring", "minoring"
  std::string name;
  std::optional<std::vector<double>> thresholds;  ///< in [0, 1], instead of evenly spread ones
  bool multi_label = false;                       ///< an area for each label, then their mean
  std::optional<int64_t> num_labels;
  std::optional<std::vector<double>> label_weights;
  bool from_logits = false;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("num_thresholds", c.num_thresholds), v("curve", c.curve);
    v("summation_method", c.summation_method), v("multi_label", c.multi_label);
    v("num_labels", c.num_labels), v("label_weights", c.label_weights);
    v("from_logits", c.from_logits), v("thresholds", c.thresholds);
  }
};
/// Area under a curve, by Riemann sums over thresholds. Errors: ValueError for unknown names and
/// numbers out of range. Sources: Davis and Goadrich (2006) for interpolated PR curves; Flach and
/// Kull (2015) for PRGAIN.
class AUC : public Metric {
 public:
  AUC(AUCConfig config = {});
};

}  // namespace danlu::metrics
