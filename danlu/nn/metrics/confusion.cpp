#include "danlu/nn/metrics/confusion.h"

#include <algorithm>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/metrics/confusion_counts.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu::metrics {
namespace {

using internal::ConfusionCounts;
using internal::ConfusionOptions;

std::vector<double> checked(const std::string& where, const Thresholds& given, double otherwise) {
  for (const double t : given) {
    if (t >= 0 && t <= 1) continue;
    throw ValueError({.where = where,
                      .what = "A threshold is out of range",
                      .expected = "numbers in [0, 1]",
                      .received = number_text(t)});
  }
  if (given.empty()) return {otherwise};
  return given;
}

/// The result without its axis of thresholds where there is one threshold only.
Array per_threshold(const Array& x) { return x.size() == 1 ? reshape(x, Shape{}) : x; }

using Member = Array ConfusionCounts::*;

class CountMetric final : public ConfiguredMetric<ThresholdsConfig> {
 public:
  CountMetric(const char* class_name, Member what, ThresholdsConfig c)
      : ConfiguredMetric(class_name, std::move(c)),
        what_(what),
        thresholds_(checked(class_name, config().thresholds, 0.5)),
        accumulator_(add_variable("accumulator", Shape{std::ssize(thresholds_)})) {}

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(name(), [&] {
      const auto counts = internal::count_confusion(y_true, y_pred, sample_weight, thresholds_);
      accumulator_.assign(accumulator_ + counts.*what_);
    });
  }
  Array result() const override { return per_threshold(accumulator_); }

 private:
  Member what_;
  std::vector<double> thresholds_;
  Variable accumulator_;
};

/// tp / (tp + what else there is): precision or recall.
class ShareMetric final : public ConfiguredMetric<PrecisionConfig> {
 public:
  ShareMetric(const char* class_name, Member other, const char* other_name, PrecisionConfig c)
      : ConfiguredMetric(class_name, std::move(c)),
        other_(other),
        thresholds_(checked(class_name, config().thresholds, config().top_k ? -1e10 : 0.5)),
        right_(add_variable("true_positives", Shape{std::ssize(thresholds_)})),
        wrong_(add_variable(other_name, Shape{std::ssize(thresholds_)})) {}

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(name(), [&] {
      const auto counts =
          internal::count_confusion(y_true, y_pred, sample_weight, thresholds_,
                                    {.top_k = config().top_k, .class_id = config().class_id});
      right_.assign(right_ + counts.true_positives);
      wrong_.assign(wrong_ + counts.*other_);
    });
  }
  Array result() const override { return per_threshold(divide_no_nan(right_, right_ + wrong_)); }

 private:
  Member other_;
  std::vector<double> thresholds_;
  Variable right_, wrong_;
};

/// The four counts for each threshold, as Variables.
struct CountVariables {
  Variable tp, fp, tn, fn;

  void add(const ConfusionCounts& counts) {
    tp.assign(tp + counts.true_positives);
    fp.assign(fp + counts.false_positives);
    tn.assign(tn + counts.true_negatives);
    fn.assign(fn + counts.false_negatives);
  }
  Array sensitivity() const { return divide_no_nan(tp, tp + fn); }
  Array specificity() const { return divide_no_nan(tn, tn + fp); }
  Array precision() const { return divide_no_nan(tp, tp + fp); }
};

using Rate = Array (CountVariables::*)() const;

/// The greatest `wanted` at the thresholds where `bound` is at least `value`.
template <class Config>
class RateAtRate final : public ConfiguredMetric<Config> {
 public:
  RateAtRate(const char* class_name, Rate bound, Rate wanted, const char* field, double value,
             Config c)
      : ConfiguredMetric<Config>(class_name, std::move(c)),
        bound_(bound),
        wanted_(wanted),
        value_(value),
        thresholds_(internal::even_thresholds(class_name, this->config().num_thresholds)) {
    if (!(value >= 0 && value <= 1)) {
      throw ValueError({.where = class_name,
                        .what = std::string("`") + field + "` is out of range",
                        .expected = "a number in [0, 1]",
                        .received = field + ("=" + number_text(value))});
    }
    const Shape shape{std::ssize(thresholds_)};
    counts_ = {
        this->add_variable("true_positives", shape), this->add_variable("false_positives", shape),
        this->add_variable("true_negatives", shape), this->add_variable("false_negatives", shape)};
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(this->name(), [&] {
      counts_.add(internal::count_confusion(y_true, y_pred, sample_weight, thresholds_,
                                            {.class_id = this->config().class_id}));
    });
  }
  Array result() const override {
    return max(where((counts_.*bound_)() >= value_, (counts_.*wanted_)(), 0.0));
  }

 private:
  Rate bound_, wanted_;
  double value_;
  std::vector<double> thresholds_;
  CountVariables counts_;
};

class AUCMetric final : public ConfiguredMetric<AUCConfig> {
 public:
  explicit AUCMetric(AUCConfig given) : ConfiguredMetric("AUC", std::move(given)) {
    const AUCConfig& c = config();
    require_one_of("curve", c.curve, {"ROC", "PR", "PRGAIN"});
    require_one_of("summation_method", c.summation_method,
                   {"interpolation", "majoring", "minoring"});
    constexpr double kEpsilon = 1e-7;
    std::vector<double> inner;
    if (c.thresholds) {
      inner = checked("AUC", Thresholds(c.thresholds->begin(), c.thresholds->end()), 0.5);
      std::sort(inner.begin(), inner.end());
    } else {
      if (c.num_thresholds < 2) {
        throw ValueError({.where = "AUC",
                          .what = "`num_thresholds` is too small",
                          .expected = "an integer of at least 2",
                          .received = "num_thresholds=" + std::to_string(c.num_thresholds)});
      }
      inner = internal::even_thresholds("AUC", c.num_thresholds);
      inner = {inner.begin() + 1, inner.end() - 1};
    }
    thresholds_ = {-kEpsilon};
    thresholds_.insert(thresholds_.end(), inner.begin(), inner.end());
    thresholds_.push_back(1 + kEpsilon);
    if (c.num_labels && !c.multi_label) {
      throw ValueError({.where = "AUC",
                        .what = "`num_labels` is needed only when `multi_label` is true",
                        .received = "num_labels=" + std::to_string(*c.num_labels)});
    }
    if (!c.multi_label) ensure_built({}, {});
    if (c.num_labels) ensure_built({}, Shape{1, *c.num_labels});
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    ensure_built(y_true.shape(), y_pred.shape());
    with_error_context(name(), [&] {
      ConfusionOptions options{.multi_label = config().multi_label};
      if (config().label_weights && !config().multi_label) {
        options.label_weights = Array(*config().label_weights);
      }
      counts_.add(internal::count_confusion(y_true, config().from_logits ? sigmoid(y_pred) : y_pred,
                                            sample_weight, thresholds_, options));
    });
  }

  Array result() const override {
    const AUCConfig& c = config();
    if (c.curve == "PR" && c.summation_method == "interpolation") return total(interpolated());
    const auto [x, y] = curve();
    const Array left = before(y), right = after(y);
    const Array heights = c.summation_method == "interpolation" ? (left + right) / 2.0
                          : c.summation_method == "minoring"    ? minimum(left, right)
                                                                : maximum(left, right);
    return total((before(x) - after(x)) * heights);
  }

 private:
  static void require_one_of(const char* field, const std::string& value,
                             const std::vector<std::string>& known) {
    std::string names;
    for (const std::string& name : known) {
      if (value == name) return;
      names += (names.empty() ? "" : ", ") + name;
    }
    throw ValueError({.where = "AUC",
                      .what = std::string("`") + field + "` is unknown",
                      .expected = "one of " + names,
                      .received = "\"" + value + "\""});
  }

  void build(const Shape&, const Shape& y_pred) override {
    const int64_t n = std::ssize(thresholds_);
    if (config().multi_label && y_pred.rank() != 2) {
      throw ShapeError({.where = name(),
                        .what = "Several labels need predictions with an axis of labels",
                        .expected = "shape (samples, labels)",
                        .received = y_pred.to_string()});
    }
    const Shape shape = config().multi_label ? Shape{n, y_pred[1]} : Shape{n};
    counts_ = {add_variable("true_positives", shape), add_variable("false_positives", shape),
               add_variable("true_negatives", shape), add_variable("false_negatives", shape)};
  }

  /// The values at all thresholds but the last, and at all but the first.
  Array before(const Array& x) const { return take(x, arange(std::ssize(thresholds_) - 1), 0); }
  Array after(const Array& x) const {
    return take(x, arange(int64_t{1}, static_cast<int64_t>(std::ssize(thresholds_))), 0);
  }

  std::pair<Array, Array> curve() const {
    const Array recall = counts_.sensitivity();
    if (config().curve == "ROC") {
      return {divide_no_nan(counts_.fp, counts_.fp + counts_.tn), recall};
    }
    if (config().curve == "PR") return {recall, counts_.precision()};
    const Array scale = divide_no_nan(counts_.tp + counts_.fn, counts_.tn + counts_.fp);
    const Array none = counts_.tp == 0.0;
    const Array recall_gain = 1.0 - scale * divide_no_nan(counts_.fn, counts_.tp);
    const Array precision_gain = 1.0 - scale * divide_no_nan(counts_.fp, counts_.tp);
    return {maximum(where(none, 0.0, recall_gain), 0.0), where(none, 1.0, precision_gain)};
  }

  /// The increments of the interpolated PR curve.
  Array interpolated() const {
    const Array tp = counts_.tp, positives = counts_.tp + counts_.fp;
    const Array rise = before(tp) - after(tp), run = before(positives) - after(positives);
    const Array slope = divide_no_nan(rise, maximum(run, 0.0));
    const Array intercept = after(tp) - slope * after(positives);
    const Array both = before(positives) > 0.0 && after(positives) > 0.0;
    const Array ratio =
        where(both, divide_no_nan(before(positives), maximum(after(positives), 0.0)), 1.0);
    return divide_no_nan(slope * (rise + intercept * log(ratio)),
                         maximum(after(tp) + after(counts_.fn), 0.0));
  }

  /// The area; of several labels the weighted mean.
  Array total(const Array& increments) const {
    if (!config().multi_label) return sum(increments);
    const Array areas = sum(increments, {0});
    if (!config().label_weights) return mean(areas);
    const Array weights = cast(Array(*config().label_weights), areas.dtype());
    return divide_no_nan(sum(areas * weights), sum(weights));
  }

  std::vector<double> thresholds_;
  CountVariables counts_;
};

template <class M, class... Args>
std::shared_ptr<MetricImpl> made(Args&&... args) {
  return std::make_shared<M>(std::forward<Args>(args)...);
}

}  // namespace

Json to_json(const Thresholds& x) {
  if (x.empty()) return Json();
  if (x.size() == 1) return Json(x[0]);
  return Json(static_cast<const std::vector<double>&>(x));
}

void from_json(const Json& json, Thresholds& x) {
  x.clear();
  if (json.is_null()) return;
  if (json.is_number()) {
    x.push_back(json.as_double());
  } else {
    danlu::from_json(json, static_cast<std::vector<double>&>(x));
  }
}

TruePositives::TruePositives(ThresholdsConfig c)
    : Metric(made<CountMetric>("TruePositives", &ConfusionCounts::true_positives, c)) {}
FalsePositives::FalsePositives(ThresholdsConfig c)
    : Metric(made<CountMetric>("FalsePositives", &ConfusionCounts::false_positives, c)) {}
TrueNegatives::TrueNegatives(ThresholdsConfig c)
    : Metric(made<CountMetric>("TrueNegatives", &ConfusionCounts::true_negatives, c)) {}
FalseNegatives::FalseNegatives(ThresholdsConfig c)
    : Metric(made<CountMetric>("FalseNegatives", &ConfusionCounts::false_negatives, c)) {}

Precision::Precision(PrecisionConfig c)
    : Metric(made<ShareMetric>("Precision", &ConfusionCounts::false_positives, "false_positives",
                               c)) {}
Recall::Recall(PrecisionConfig c)
    : Metric(made<ShareMetric>("Recall", &ConfusionCounts::false_negatives, "false_negatives", c)) {
}

SensitivityAtSpecificity::SensitivityAtSpecificity(SensitivityAtSpecificityConfig c)
    : Metric(made<RateAtRate<SensitivityAtSpecificityConfig>>(
          "SensitivityAtSpecificity", &CountVariables::specificity, &CountVariables::sensitivity,
          "specificity", c.specificity, c)) {}
SpecificityAtSensitivity::SpecificityAtSensitivity(SpecificityAtSensitivityConfig c)
    : Metric(made<RateAtRate<SpecificityAtSensitivityConfig>>(
          "SpecificityAtSensitivity", &CountVariables::sensitivity, &CountVariables::specificity,
          "sensitivity", c.sensitivity, c)) {}
PrecisionAtRecall::PrecisionAtRecall(PrecisionAtRecallConfig c)
    : Metric(made<RateAtRate<PrecisionAtRecallConfig>>(
          "PrecisionAtRecall", &CountVariables::sensitivity, &CountVariables::precision, "recall",
          c.recall, c)) {}
RecallAtPrecision::RecallAtPrecision(RecallAtPrecisionConfig c)
    : Metric(made<RateAtRate<RecallAtPrecisionConfig>>(
          "RecallAtPrecision", &CountVariables::precision, &CountVariables::sensitivity,
          "precision", c.precision, c)) {}

AUC::AUC(AUCConfig c)
    : Metric([&] {
        if (c.thresholds) c.num_thresholds = std::ssize(*c.thresholds) + 2;
        return made<AUCMetric>(std::move(c));
      }()) {}

}  // namespace danlu::metrics
