#include "danlu/train/early_stopping.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/train/model.h"

namespace danlu {
namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

EarlyStopping::EarlyStopping(EarlyStoppingConfig config) : config_(std::move(config)) {
  const std::string& mode = config_.mode;
  if (mode != "auto" && mode != "min" && mode != "max") {
    throw ValueError({.where = "EarlyStopping",
                      .what = "The mode is unknown",
                      .expected = "\"auto\", \"min\" or \"max\"",
                      .received = "\"" + mode + "\""});
  }
  if (config_.patience < 0) {
    throw ValueError({.where = "EarlyStopping",
                      .what = "`patience` must not be negative",
                      .received = "patience=" + std::to_string(config_.patience)});
  }
  const std::string& monitor = config_.monitor;
  greater_is_better_ =
      mode == "max" || (mode == "auto" && (contains(monitor, "acc") || contains(monitor, "auc")));
}

void EarlyStopping::on_train_begin() {
  wait_ = stopped_epoch_ = best_epoch_ = 0;
  best_ = std::numeric_limits<double>::infinity() * (greater_is_better_ ? -1 : 1);
  best_weights_.clear();
}

bool EarlyStopping::improves(double value, double reference) const {
  const double delta = std::abs(config_.min_delta);
  return greater_is_better_ ? value - delta > reference : value + delta < reference;
}

void EarlyStopping::on_epoch_end(int64_t epoch, const Logs& logs) {
  const auto found = logs.find(config_.monitor);
  if (found == logs.end()) {
    std::string names;
    for (const auto& [name, value] : logs) names += (names.empty() ? "" : ",") + name;
    std::fprintf(stderr,
                 "Early stopping conditioned on metric `%s` which is not available. Available "
                 "metrics are: %s\n",
                 config_.monitor.c_str(), names.c_str());
    return;
  }
  if (epoch < config_.start_from_epoch) return;
  const double current = found->second;
  if (config_.restore_best_weights && best_weights_.empty()) {
    best_weights_ = model().get_weights();
    best_epoch_ = epoch;
  }
  ++wait_;
  if (improves(current, best_)) {
    best_ = current;
    best_epoch_ = epoch;
    if (config_.restore_best_weights) best_weights_ = model().get_weights();
    if (!config_.baseline || improves(current, *config_.baseline)) wait_ = 0;
    return;
  }
  if (wait_ >= config_.patience && epoch > 0) {
    stopped_epoch_ = epoch;
    model().stop_training = true;
  }
}

void EarlyStopping::on_train_end() {
  if (stopped_epoch_ > 0 && config_.verbose > 0) {
    std::fprintf(stderr, "Epoch %lld: early stopping\n",
                 static_cast<long long>(stopped_epoch_ + 1));
  }
  if (!config_.restore_best_weights || best_weights_.empty()) return;
  if (config_.verbose > 0) {
    std::fprintf(stderr, "Restoring model weights from the end of the best epoch: %lld.\n",
                 static_cast<long long>(best_epoch_ + 1));
  }
  model().set_weights(best_weights_);
  best_weights_.clear();
}

}  // namespace danlu
