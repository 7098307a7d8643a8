#include "danlu/train/steps.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

void append(std::vector<Variable>& to, const std::vector<Variable>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void require_target(const StepInputs& inputs) {
  if (!inputs.y.empty()) return;
  throw ValueError({.what = "There are no targets to compare the predictions with",
                    .expected = "x and y",
                    .received = "x only"});
}

}  // namespace

bool StepCache::Entry::matches(const Groups& groups) const {
  size_t next = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g]->count() != counts[g]) return false;
    for (size_t i = 0; i < counts[g]; ++i, ++next) {
      const HostTensor& tensor = groups[g]->at(i);
      const std::optional<TensorSpec>& spec = specs[next];
      if (spec.has_value() != tensor.defined()) return false;
      if (spec && (tensor.dtype() != spec->dtype || tensor.shape() != spec->shape)) return false;
    }
  }
  return true;
}

StepCache::Entry StepCache::trace(const Groups& groups, bool keep_taps) {
  Entry entry{.counts = {}, .specs = {}, .keep_taps = keep_taps, .step = nullptr};
  StepSpecs specs;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec>* const sorted[] = {&specs.x, &specs.y, &specs.sample_weight};
  for (size_t g = 0; g < groups.size(); ++g) {
    entry.counts[g] = groups[g]->count();
    for (size_t i = 0; i < entry.counts[g]; ++i) {
      const HostTensor& tensor = groups[g]->at(i);
      entry.specs.push_back(tensor.defined() ? std::optional(tensor.spec()) : std::nullopt);
      sorted[g]->push_back(tensor.defined() ? tensor.spec() : TensorSpec{});
      if (tensor.defined()) inputs.push_back(tensor.spec());
    }
  }
  const auto body = [&](std::span<const Array> arrays) {
    StepInputs data;
    std::vector<Array>* const to[] = {&data.x, &data.y, &data.sample_weight};
    size_t next = 0, given = 0;
    for (size_t g = 0; g < entry.counts.size(); ++g) {
      for (size_t i = 0; i < entry.counts[g]; ++i) {
        to[g]->push_back(entry.specs[next++] ? arrays[given++] : Array());
      }
    }
    return body_(data);
  };
  entry.step = std::make_unique<BoundStep>(state_(specs), inputs, body, keep_taps);
  ++traced_;
  return entry;
}

BoundStep& StepCache::run(const HostTensors& x, const HostTensors& y, const HostTensors& weight,
                          bool keep_taps) {
  const Groups groups = {&x, &y, &weight};
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
    return e.keep_taps == keep_taps && e.matches(groups);
  });
  if (entry == entries_.end()) {
    Entry made = trace(groups, keep_taps);
    if (entries_.size() == kMaxSteps) entries_.pop_back();
    entries_.push_front(std::move(made));
  } else {
    entries_.splice(entries_.begin(), entries_, entry);
  }
  pointers_.clear();
  for (const HostTensors* group : groups) {
    for (size_t i = 0; i < group->count(); ++i) {
      if (group->at(i).defined()) pointers_.push_back(group->at(i).data());
    }
  }
  BoundStep& step = *entries_.front().step;
  step.run(std::span<const void* const>(pointers_));
  return step;
}

std::vector<Variable> network_state(const Network& network) {
  std::vector<Variable> all = network.trainable_weights();
  append(all, network.non_trainable_variables());
  return all;
}

namespace {

/// The weights of a step's samples; undefined where there are none.
Array weight_of(const StepInputs& inputs) {
  return inputs.sample_weight.empty() ? Array() : inputs.sample_weight[0];
}

}  // namespace

Steps::Steps(std::shared_ptr<Network> network, Optimizer optimizer, Loss loss,
             std::vector<Metric> metrics, std::vector<Metric> weighted_metrics)
    : network_(std::move(network)),
      optimizer_(std::move(optimizer)),
      loss_(std::move(loss)),
      metrics_(std::move(metrics)),
      weighted_metrics_(std::move(weighted_metrics)),
      train_([this](const auto& inputs) { return state(true, inputs); },
             [this](const StepInputs& inputs) -> std::vector<Array> {
               require_target(inputs);
               const std::vector<Variable> variables = network_->trainable_weights();
               std::vector<Array> parameters;
               for (const Variable& variable : variables) parameters.push_back(variable.value());
               const Array y_pred = (*network_)(inputs.x[0], {.training = true});
               const Array loss = total_loss(inputs, y_pred);
               const std::vector<Array> grads = gradients(optimizer_->scale_loss(loss), parameters);
               optimizer_->apply(grads, variables);
               network_->apply_constraints();
               accumulate(inputs, y_pred, loss);
               return {};
             }),
      test_([this](const auto& inputs) { return state(false, inputs); },
            [this](const StepInputs& inputs) -> std::vector<Array> {
              require_target(inputs);
              const Array y_pred = (*network_)(inputs.x[0]);
              accumulate(inputs, y_pred, total_loss(inputs, y_pred));
              return {};
            }) {}

Array Steps::total_loss(const StepInputs& inputs, const Array& y_pred) const {
  Array total = loss_(inputs.y[0], y_pred, weight_of(inputs));
  for (const Array& loss : network_->losses()) total = total + loss;
  network_->clear_losses();
  return total;
}

void Steps::accumulate(const StepInputs& inputs, const Array& y_pred, const Array& loss) {
  loss_tracker_.update_state(loss, static_cast<double>(y_pred.shape()[0]));
  for (const Metric& metric : metrics_) metric->update_state(inputs.y[0], y_pred);
  for (const Metric& metric : weighted_metrics_) {
    metric->update_state(inputs.y[0], y_pred, weight_of(inputs));
  }
}

std::vector<Metric> Steps::all_metrics() const {
  std::vector<Metric> all = metrics_;
  all.insert(all.end(), weighted_metrics_.begin(), weighted_metrics_.end());
  return all;
}

std::vector<Variable> Steps::state(bool training, const StepSpecs& inputs) {
  if (training) optimizer_->build(network_->trainable_weights());
  std::vector<Variable> all = network_state(*network_);
  if (training) append(all, optimizer_->variables());
  append(all, loss_tracker_.variables());
  for (const Metric& metric : all_metrics()) {
    if (!inputs.y.empty()) {
      metric->ensure_built(inputs.y[0].shape, network_->compute_output_shape(inputs.x[0].shape));
    }
    append(all, metric->variables());
  }
  std::vector<Array> values;
  for (const Variable& variable : all) values.push_back(variable.value());
  eval(std::span<const Array>(values));  // one plan for all first values instead of one each
  return all;
}

void Steps::reset_metrics() {
  // In place, so that an epoch allocates nothing.
  const auto clear = [](const std::vector<Variable>& variables) {
    for (Variable variable : variables) {
      std::memset(variable.exclusive_data(), 0, variable.spec().bytes());
      variable.bump_version();
    }
  };
  clear(loss_tracker_.variables());
  for (const Metric& metric : all_metrics()) clear(metric->variables());
}

Logs Steps::logs() const {
  Logs logs{{loss_tracker_.name(), loss_tracker_.value()}};
  for (const Metric& metric : all_metrics()) logs[metric->name()] = metric->value();
  return logs;
}

}  // namespace danlu
