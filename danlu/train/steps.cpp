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

void require_target(std::span<const Array> inputs) {
  if (inputs.size() >= 2) return;
  throw ValueError({.what = "There are no targets to compare the predictions with",
                    .expected = "x and y",
                    .received = "x only"});
}

}  // namespace

BoundStep& StepCache::run(const HostTensor& x, const HostTensor& y, const HostTensor& weight,
                          bool keep_taps) {
  const auto is = [](const TensorSpec& spec, const HostTensor& tensor) {
    return tensor.dtype() == spec.dtype && tensor.shape() == spec.shape;
  };
  const auto matches = [&](const Entry& e) {
    return e.keep_taps == keep_taps && is(e.x, x) && is(e.y, y) && is(e.weight, weight);
  };
  const auto entry = std::find_if(entries_.begin(), entries_.end(), matches);
  if (entry == entries_.end()) {
    std::vector<TensorSpec> inputs = {x.spec()};
    if (y.defined()) inputs.push_back(y.spec());
    if (weight.defined()) inputs.push_back(weight.spec());
    auto made = std::make_unique<BoundStep>(state_(inputs), inputs, body_, keep_taps);
    ++traced_;
    if (entries_.size() == kMaxSteps) entries_.pop_back();
    entries_.push_front({x.spec(), y.spec(), weight.spec(), keep_taps, std::move(made)});
  } else {
    entries_.splice(entries_.begin(), entries_, entry);
  }
  BoundStep& step = *entries_.front().step;
  const void* pointers[] = {x.data(), y.data(), weight.data()};
  step.run(std::span<const void* const>(pointers, !y.defined() ? 1 : weight.defined() ? 3 : 2));
  return step;
}

std::vector<Variable> network_state(const Network& network) {
  std::vector<Variable> all = network.trainable_weights();
  append(all, network.non_trainable_variables());
  return all;
}

namespace {

/// The weights of a step's samples; undefined where there are none.
Array weight_of(std::span<const Array> inputs) { return inputs.size() > 2 ? inputs[2] : Array(); }

}  // namespace

Steps::Steps(std::shared_ptr<Network> network, Optimizer optimizer, Loss loss,
             std::vector<Metric> metrics, std::vector<Metric> weighted_metrics)
    : network_(std::move(network)),
      optimizer_(std::move(optimizer)),
      loss_(std::move(loss)),
      metrics_(std::move(metrics)),
      weighted_metrics_(std::move(weighted_metrics)),
      train_([this](const auto& inputs) { return state(true, inputs); },
             [this](std::span<const Array> inputs) -> std::vector<Array> {
               require_target(inputs);
               const std::vector<Variable> variables = network_->trainable_weights();
               std::vector<Array> parameters;
               for (const Variable& variable : variables) parameters.push_back(variable.value());
               const Array y_pred = (*network_)(inputs[0], {.training = true});
               const Array loss = total_loss(inputs, y_pred);
               const std::vector<Array> grads = gradients(optimizer_->scale_loss(loss), parameters);
               optimizer_->apply(grads, variables);
               network_->apply_constraints();
               accumulate(inputs, y_pred, loss);
               return {};
             }),
      test_([this](const auto& inputs) { return state(false, inputs); },
            [this](std::span<const Array> inputs) -> std::vector<Array> {
              require_target(inputs);
              const Array y_pred = (*network_)(inputs[0]);
              accumulate(inputs, y_pred, total_loss(inputs, y_pred));
              return {};
            }) {}

Array Steps::total_loss(std::span<const Array> inputs, const Array& y_pred) const {
  Array total = loss_(inputs[1], y_pred, weight_of(inputs));
  for (const Array& loss : network_->losses()) total = total + loss;
  return total;
}

void Steps::accumulate(std::span<const Array> inputs, const Array& y_pred, const Array& loss) {
  loss_tracker_.update_state(loss, static_cast<double>(y_pred.shape()[0]));
  for (const Metric& metric : metrics_) metric->update_state(inputs[1], y_pred);
  for (const Metric& metric : weighted_metrics_) {
    metric->update_state(inputs[1], y_pred, weight_of(inputs));
  }
}

std::vector<Metric> Steps::all_metrics() const {
  std::vector<Metric> all = metrics_;
  all.insert(all.end(), weighted_metrics_.begin(), weighted_metrics_.end());
  return all;
}

std::vector<Variable> Steps::state(bool training, const std::vector<TensorSpec>& inputs) {
  if (training) optimizer_->build(network_->trainable_weights());
  std::vector<Variable> all = network_state(*network_);
  if (training) append(all, optimizer_->variables());
  append(all, loss_tracker_.variables());
  for (const Metric& metric : all_metrics()) {
    if (inputs.size() > 1) {
      metric->ensure_built(inputs[1].shape, network_->compute_output_shape(inputs[0].shape));
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
      std::memset(variable.exclusive_buffer()->data(), 0, variable.spec().bytes());
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
