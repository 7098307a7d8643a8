#include "danlu/nn/metrics/scores.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/loss_functions.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu::metrics {
namespace {

constexpr double kEpsilon = 1e-7;

void require_known(const char* where, const char* field, const std::string& value,
                   const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  std::string names;
  for (const std::string& name : known) {
    names += (names.empty() ? "\"" : ", \"") + name + "\"";
  }
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` is unknown",
                    .expected = "one of " + names,
                    .received = "\"" + value + "\""});
}

void require_rows(const Shape& y_true, const Shape& y_pred) {
  if (y_true.rank() == 2 && y_true == y_pred) return;
  throw ShapeError(
      {.what = "Targets and predictions do not fit each other",
       .expected = "both of shape (samples, outputs)",
       .received = "targets " + y_true.to_string() + ", predictions " + y_pred.to_string()});
}

template <class Config>
class FBetaImpl final : public ConfiguredMetric<Config> {
 public:
  FBetaImpl(const char* class_name, double beta, Config c)
      : ConfiguredMetric<Config>(class_name, std::move(c)), beta_(beta) {
    require_known(class_name, "average", this->config().average,
                  {"", "micro", "macro", "weighted"});
    if (!(beta > 0)) {
      throw ValueError({.where = class_name,
                        .what = "`beta` must be positive",
                        .expected = "a number above 0",
                        .received = "beta=" + number_text(beta)});
    }
    const std::optional<double> threshold = this->config().threshold;
    if (threshold && !(*threshold > 0 && *threshold <= 1)) {
      throw ValueError({.where = class_name,
                        .what = "`threshold` is out of range",
                        .expected = "a number in (0, 1]",
                        .received = "threshold=" + number_text(*threshold)});
    }
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(this->name(), [&] {
      this->ensure_built(y_true.shape(), y_pred.shape());
      const Array scores = cast(y_pred, floatx()), target = cast(y_true, floatx());
      const std::optional<double> threshold = this->config().threshold;
      const Array positive = cast(
          threshold ? scores > *threshold : scores >= max(scores, {-1}, true) && abs(scores) > 1e-9,
          floatx());
      const auto add = [&](Variable& to, Array counted) {
        if (sample_weight.defined()) {
          counted = counted * expand_dims(cast(sample_weight, floatx()), 1);
        }
        to.assign(to + sum(counted, micro() ? Axes{} : Axes{0}));
      };
      add(tp_, positive * target);
      add(fp_, positive * (1.0 - target));
      add(fn_, (1.0 - positive) * target);
      add(weights_, target);
    });
  }

  Array result() const override {
    const Array precision = tp_ / (tp_ + fp_ + kEpsilon), recall = tp_ / (tp_ + fn_ + kEpsilon);
    const double square_beta = beta_ * beta_;
    const Array score =
        (1 + square_beta) * (precision * recall / (square_beta * precision + recall + kEpsilon));
    const std::string& average = this->config().average;
    if (average == "weighted") return sum(score * (weights_ / (sum(weights_) + kEpsilon)));
    return average.empty() ? score : mean(score);
  }

 private:
  bool micro() const { return this->config().average == "micro"; }

  void build(const Shape& y_true, const Shape& y_pred) override {
    require_rows(y_true, y_pred);
    const Shape shape = micro() ? Shape{} : Shape{y_pred[1]};
    tp_ = this->add_variable("true_positives", shape);
    fp_ = this->add_variable("false_positives", shape);
    fn_ = this->add_variable("false_negatives", shape);
    weights_ = this->add_variable("intermediate_weights", shape);
  }

  double beta_;
  Variable tp_, fp_, fn_, weights_;
};

class R2Impl final : public ConfiguredMetric<R2ScoreConfig> {
 public:
  explicit R2Impl(R2ScoreConfig c) : ConfiguredMetric("R2Score", std::move(c)) {
    require_known("R2Score", "class_aggregation", config().class_aggregation,
                  {"", "uniform_average", "variance_weighted_average"});
    if (config().num_regressors < 0) {
      throw ValueError({.where = "R2Score",
                        .what = "`num_regressors` must not be negative",
                        .received = std::to_string(config().num_regressors)});
    }
    samples_ = add_variable("num_samples");
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(name(), [&] {
      Array target = cast(y_true, floatx()), prediction = cast(y_pred, floatx());
      internal::match_ranks(target, prediction);
      ensure_built(target.shape(), prediction.shape());
      Array weight = ones_like(target);
      if (sample_weight.defined()) {
        weight = cast(sample_weight, floatx());
        if (weight.rank() == 1) weight = expand_dims(weight, 1);
        weight = broadcast_to(weight, target.shape());
      }
      const auto add = [](Variable& to, const Array& values) { to.assign(to + sum(values, {0})); };
      add(squares_, square(target) * weight);
      add(sum_, target * weight);
      add(residual_, square(target - prediction) * weight);
      add(count_, weight);
      samples_.assign(samples_ + static_cast<double>(target.size()));
    });
  }

  Array result() const override {
    const Array total = squares_ - sum_ * (sum_ / count_);
    Array score = 1.0 - residual_ / total;
    score = where(isinf(score), 0.0, score);
    if (config().class_aggregation == "uniform_average") score = mean(score);
    if (config().class_aggregation == "variance_weighted_average") {
      score = sum(total * score) / sum(total);
    }
    if (config().num_regressors == 0) return score;
    const Array free = samples_ - static_cast<double>(config().num_regressors) - 1.0;
    return where(free > 0.0, 1.0 - (1.0 - score) * (samples_ - 1.0) / free, score);
  }

 private:
  void build(const Shape& y_true, const Shape& y_pred) override {
    require_rows(y_true, y_pred);
    const Shape shape{y_pred[1]};
    squares_ = add_variable("squared_sum", shape);
    sum_ = add_variable("sum", shape);
    residual_ = add_variable("residual", shape);
    count_ = add_variable("count", shape);
  }

  Variable samples_, squares_, sum_, residual_, count_;
};

template <class Config>
Config named(Config c, const char* name) {
  if (c.name.empty()) c.name = name;
  return c;
}

}  // namespace

FBetaScore::FBetaScore(FBetaScoreConfig c)
    : Metric(std::make_shared<FBetaImpl<FBetaScoreConfig>>("FBetaScore", c.beta,
                                                           named(c, "fbeta_score"))) {}
F1Score::F1Score(F1ScoreConfig c)
    : Metric(std::make_shared<FBetaImpl<F1ScoreConfig>>("F1Score", 1.0, named(c, "f1_score"))) {}
R2Score::R2Score(R2ScoreConfig c)
    : Metric(std::make_shared<R2Impl>(named(std::move(c), "r2_score"))) {}

}  // namespace danlu::metrics
