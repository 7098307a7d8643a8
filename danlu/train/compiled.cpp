#include "danlu/train/compiled.h"

#include <map>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/loss_functions.h"
#include "danlu/nn/metrics/mean_metric.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

/// The weights of an output's samples; undefined where they all count 1.
Array weight_of(const StepInputs& data, size_t output, size_t outputs) {
  const std::vector<Array>& weights = data.sample_weight;
  if (weights.empty()) return {};
  if (weights.size() == 1) return weights[0];
  if (weights.size() == outputs) return weights[output];
  throw ValueError({.what = "The weights of samples do not fit the model's outputs",
                    .expected = "1 or " + std::to_string(outputs),
                    .received = std::to_string(weights.size())});
}

Array mask_of(const LayerOutputs& y, size_t output) {
  return output < y.masks.size() ? y.masks[output] : Array();
}

/// The metrics of each output.
std::vector<MetricList> metrics_for_outputs(const PerOutput<MetricList>& given,
                                            const std::vector<std::string>& outputs,
                                            const std::string& argument) {
  std::vector<MetricList> all(outputs.size(), MetricList(std::vector<Metric>()));
  if (outputs.size() == 1) {
    for (const auto& entry : given.entries()) {
      if (entry.value) all[0].insert(all[0].end(), entry.value->begin(), entry.value->end());
    }
    return all;
  }
  PerOutput<MetricList> list = given;
  if (!given.is_list()) {
    std::vector<PerOutput<MetricList>::Entry> entries;
    for (const Metric& metric : *given.entries()[0].value) entries.emplace_back(metric);
    list = PerOutput<MetricList>(std::move(entries));
  }
  const auto values = list.for_outputs(outputs, argument);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i]) all[i] = *values[i];
  }
  return all;
}

}  // namespace

CompiledLoss::CompiledLoss(const CompileConfig& config, const std::vector<std::string>& outputs) {
  std::vector<std::optional<Loss>> losses = config.loss.for_outputs(outputs, "loss");
  const auto weights = config.loss_weights.for_outputs(outputs, "loss_weights");
  size_t count = 0;
  for (const auto& loss : losses) count += loss.has_value() ? 1 : 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    Term term{.loss = std::move(losses[i]), .weight = weights[i]};
    if (term.loss && count > 1) {
      term.tracker = trackers_.size();
      trackers_.emplace_back(outputs[i] + "_loss");
    }
    terms_.push_back(std::move(term));
  }
}

std::vector<std::optional<Loss>> CompiledLoss::losses() const {
  std::vector<std::optional<Loss>> all;
  for (const Term& term : terms_) all.push_back(term.loss);
  return all;
}

std::vector<size_t> CompiledLoss::target_places(size_t count) const {
  std::vector<size_t> all, with_loss;
  for (size_t i = 0; i < terms_.size(); ++i) {
    all.push_back(i);
    if (terms_[i].loss) with_loss.push_back(i);
  }
  if (count == all.size()) return all;
  if (count == with_loss.size()) return with_loss;
  if (with_loss.empty()) return {};
  throw ValueError(
      {.what = count == 0 ? "There are no targets to compare the predictions with"
                          : "The number of targets does not fit the model's outputs",
       .expected = terms_.size() == 1
                       ? "x and y"
                       : std::to_string(terms_.size()) + " targets, one per output" +
                             (with_loss.size() == all.size()
                                  ? ""
                                  : ", or " + std::to_string(with_loss.size()) + ", one per loss"),
       .received = count == 0 ? "x only" : std::to_string(count)});
}

Array CompiledLoss::operator()(const StepInputs& data, const LayerOutputs& y_pred) const {
  const auto y = targets(data.y);
  Array total;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const Term& term = terms_[i];
    if (!term.loss || !y[i] || !y[i]->defined()) continue;
    const Array& prediction = y_pred.values.at(i);
    Array loss =
        (*term.loss)(*y[i], prediction, weight_of(data, i, terms_.size()), mask_of(y_pred, i));
    if (!trackers_.empty()) {
      metrics::Mean tracker = trackers_[term.tracker];
      tracker.update_state(loss, static_cast<double>(prediction.shape()[0]));
    }
    if (term.weight) loss = loss * *term.weight;
    total = total.defined() ? total + loss : loss;
  }
  return total;
}

CompiledMetrics::CompiledMetrics(const CompileConfig& config,
                                 const std::vector<std::string>& outputs) {
  std::map<std::string, int> counts;
  const auto counted = [&](std::string name) {
    const int before = counts[name]++;
    return before == 0 ? name : name + "_" + std::to_string(before);
  };
  const auto add = [&](const PerOutput<MetricList>& given, bool weighted) {
    const auto lists =
        metrics_for_outputs(given, outputs, weighted ? "weighted_metrics" : "metrics");
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string prefix = outputs.size() > 1 ? outputs[i] + "_" : "";
      for (const Metric& metric : lists[i]) {
        const bool again = weighted && counts.contains(prefix + metric->name());
        const std::string name = prefix + (again ? "weighted_" : "") + metric->name();
        items_.push_back({metric, i, weighted, counted(name)});
      }
    }
  };
  add(config.metrics, false);
  add(config.weighted_metrics, true);
}

void CompiledMetrics::update_state(const CompiledLoss& losses, const StepInputs& data,
                                   const LayerOutputs& y_pred) const {
  if (items_.empty()) return;
  const auto y = losses.targets(data.y);
  for (const Item& item : items_) {
    if (!y[item.output] || !y[item.output]->defined()) continue;
    const Array target = internal::in_full_precision(*y[item.output]);
    const Array prediction = internal::in_full_precision(y_pred.values.at(item.output));
    Array weight = item.weighted ? weight_of(data, item.output, y.size()) : Array();
    // As in Keras a mask reaches means of functions only, as weights.
    const Array mask = mask_of(y_pred, item.output);
    if (mask.defined() && dynamic_cast<const MeanMetric*>(item.metric.operator->()) != nullptr) {
      Array counts = cast(mask, prediction.dtype());
      if (weight.defined()) internal::match_ranks(counts, weight);
      weight = weight.defined() ? weight * cast(counts, weight.dtype()) : counts;
    }
    item.metric->update_state(target, prediction, weight);
  }
}

}  // namespace danlu
