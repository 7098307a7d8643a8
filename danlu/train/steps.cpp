#include "danlu/train/steps.h"

#include <algorithm>
#include <cstring>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/nn/loss_functions.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/reduction.h"
#include "danlu/train/custom_network.h"

namespace danlu {
namespace {

void append(std::vector<Variable>& to, const std::vector<Variable>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void check(const CompileConfig& config, const std::string& where) {
  if (config.run_eagerly) {
    throw UnsupportedError(
        {.where = where,
         .what = "`run_eagerly` is not supported: every step is traced, compiled and run as one "
                 "Program",
         .hint = "name values with `tap` and read them with FitOptions::on_taps"});
  }
  if (config.steps_per_execution < 1) {
    throw ValueError({.where = where,
                      .what = "`steps_per_execution` must be positive",
                      .received = std::to_string(config.steps_per_execution)});
  }
}

/// Undefined for what is missing.
std::vector<Array> placeholders(const std::vector<TensorSpec>& specs) {
  std::vector<Array> arrays;
  for (const TensorSpec& spec : specs) {
    arrays.push_back(spec.shape.rank() > 0 ? make_placeholder(spec) : Array());
  }
  return arrays;
}

}  // namespace

std::vector<Variable> network_state(Network& network, const std::vector<TensorSpec>& inputs) {
  if (network.awaits_batch() && !inputs.empty()) {
    const StateScope discarded;
    network.apply(placeholders(inputs));
    network.clear_losses();
  }
  std::vector<Variable> all = network.trainable_weights();
  append(all, network.non_trainable_variables());
  return all;
}

Steps::Steps(std::shared_ptr<Network> network, CompileConfig config)
    : network_(std::move(network)),
      custom_(dynamic_cast<CustomNetwork*>(network_.get())),
      config_(std::move(config)),
      loss_(config_, network_->output_names()),
      metrics_(config_, network_->output_names()),
      train_([this](const StepSpecs& inputs) { return state(true, inputs); },
             [this](const StepInputs& inputs) { return run(true, inputs); }),
      test_([this](const StepSpecs& inputs) { return state(false, inputs); },
            [this](const StepInputs& inputs) { return run(false, inputs); }) {
  check(config_, network_->where());
}

StepLogs Steps::train_step(const StepInputs& data) {
  const LayerOutputs y_pred = network_->apply(data.x, {.training = true});
  const Array loss = compute_loss(data, y_pred);
  minimize(loss, network_->trainable_weights());
  network_->apply_constraints();
  update_metrics(data, y_pred, loss);
  return {};
}

StepLogs Steps::test_step(const StepInputs& data) {
  const LayerOutputs y_pred = network_->apply(data.x);
  update_metrics(data, y_pred, compute_loss(data, y_pred));
  return {};
}

Array Steps::compute_loss(const StepInputs& data, const LayerOutputs& y_pred) {
  Array total = loss_(data, y_pred);
  for (const Array& loss : network_->losses()) {
    const Array own = internal::in_full_precision(loss.rank() == 0 ? loss : sum(loss));
    total = total.defined() ? total + own : own;
  }
  if (total.defined()) return total;
  throw ValueError({.where = network_->where(),
                    .what = "There is no loss to compute",
                    .hint = "give `loss` to compile, or let a layer add one with `add_loss`"});
}

void Steps::minimize(const Array& loss, const std::vector<Variable>& variables) {
  minimize(loss, variables, config_.optimizer);
}

void Steps::minimize(const Array& loss, const std::vector<Variable>& variables,
                     const Optimizer& optimizer) {
  std::vector<Array> values;
  for (const Variable& variable : variables) values.push_back(variable.value());
  optimizer->apply(gradients(optimizer->scale_loss(loss), values), variables);
}

void Steps::update_metrics(const StepInputs& data, const LayerOutputs& y_pred, const Array& loss) {
  loss_tracker_.update_state(loss, static_cast<double>(data.x.at(0).shape()[0]));
  metrics_.update_state(loss_, data, y_pred);
}

std::vector<Array> Steps::run(bool training, const StepInputs& data) {
  StepLogs logs;
  if (custom_ != nullptr) {
    logs = training ? custom_->train_step(data, *this) : custom_->test_step(data, *this);
  } else {
    logs = training ? train_step(data) : test_step(data);
  }
  network_->clear_losses();
  std::vector<Array> values;
  log_names_.clear();
  for (auto& [name, value] : logs) {
    log_names_.push_back(name);
    values.push_back(std::move(value));
  }
  return values;
}

std::vector<Variable> Steps::state(bool training, const StepSpecs& inputs) {
  std::vector<Variable> all =
      custom_ != nullptr ? touched_state(training, inputs) : compiled_state(training, inputs);
  std::vector<Array> values;
  for (const Variable& variable : all) values.push_back(variable.value());
  eval(std::span<const Array>(values));  // one plan for all first values instead of one each
  return all;
}

std::vector<Variable> Steps::compiled_state(bool training, const StepSpecs& inputs) {
  if (training) config_.optimizer->build(network_->trainable_weights());
  std::vector<Variable> all = network_state(*network_, inputs.x);
  if (training) append(all, config_.optimizer->variables());
  append(all, loss_tracker_.variables());
  for (const metrics::Mean& tracker : loss_.trackers()) append(all, tracker.variables());
  if (!metrics_.items().empty() && !inputs.x.empty()) {
    std::vector<Shape> shapes;
    for (const TensorSpec& spec : inputs.x) shapes.push_back(spec.shape);
    const std::vector<Shape> outputs = network_->compute_output_shapes(shapes);
    const auto targets = loss_.targets(inputs.y);
    for (const auto& [metric, output, weighted, name] : metrics_.items()) {
      if (targets[output]) metric->ensure_built(targets[output]->shape, outputs.at(output));
    }
  }
  for (const auto& item : metrics_.items()) append(all, item.metric->variables());
  return all;
}

/// A step of the network's own may read and change whatever it likes: it is traced once to see what
/// that is, which also makes what is not there yet.
std::vector<Variable> Steps::touched_state(bool training, const StepSpecs& inputs) {
  const VariableWatch watch;
  const StateScope discarded;
  run(training,
      {placeholders(inputs.x), placeholders(inputs.y), placeholders(inputs.sample_weight)});
  return watch.seen();
}

std::vector<Variable> Steps::training_state(const Batch& b) {
  const auto specs = [](const HostTensors& tensors) {
    std::vector<TensorSpec> all;
    for (size_t i = 0; i < tensors.count(); ++i) {
      all.push_back(tensors.at(i).defined() ? tensors.at(i).spec() : TensorSpec{});
    }
    return all;
  };
  return state(true, {specs(b.x), specs(b.y), specs(b.sample_weight)});
}

void Steps::reset_metrics() {
  latest_ = nullptr;
  // In place, so that an epoch allocates nothing.
  const auto clear = [](const std::vector<Variable>& variables) {
    for (Variable variable : variables) {
      std::memset(variable.exclusive_data(), 0, variable.spec().bytes());
      variable.bump_version();
    }
  };
  clear(loss_tracker_.variables());
  for (const metrics::Mean& tracker : loss_.trackers()) clear(tracker.variables());
  for (const CompiledMetrics::Item& item : metrics_.items()) clear(item.metric->variables());
  if (custom_ != nullptr) clear(custom_->metric_variables());
}

Logs Steps::logs() const {
  if (latest_ != nullptr && !latest_->outputs().empty()) {
    Logs logs;
    for (size_t i = 0; i < log_names_.size(); ++i) {
      const HostTensor& value = latest_->outputs().at(i);
      logs[log_names_[i]] = Array::from_buffer(value.buffer(), value.spec()).item<double>();
    }
    return logs;
  }
  Logs logs{{loss_tracker_.name(), loss_tracker_.value()}};
  for (const metrics::Mean& tracker : loss_.trackers()) logs[tracker.name()] = tracker.value();
  for (const CompiledMetrics::Item& item : metrics_.items()) logs[item.name] = item.metric->value();
  return logs;
}

}  // namespace danlu
