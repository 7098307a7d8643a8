#include "danlu/optim/optimizer.h"

#include <algorithm>
#include <map>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/sgd.h"

namespace danlu {
namespace {

void check_learning_rate(const std::string& where, double value) {
  if (value >= 0) return;
  throw ValueError({.where = where,
                    .what = "The learning rate must not be negative",
                    .received = "learning_rate=" + number_text(value)});
}

/// `gradient` scaled to a norm of at most `bound`.
Array clip_by_norm(const Array& gradient, double bound) {
  const Array squares = sum(square(gradient));
  const Array some = squares > 0.0;
  const Array norm = where(some, sqrt(where(some, squares, 1.0)), squares);
  return gradient * bound / maximum(norm, bound);
}

std::vector<Array> clip_by_global_norm(std::span<const Array> gradients, double bound) {
  Array squares;
  for (const Array& gradient : gradients) {
    const Array own = sum(square(gradient));
    squares = squares.defined() ? squares + own : own;
  }
  const Array norm = sqrt(squares);
  // norm − norm is 0, or NaN when the norm is not finite: a broken gradient stays visible.
  const Array scale = bound * minimum(1.0 / norm, 1.0 / bound) + (norm - norm);
  std::vector<Array> clipped;
  for (const Array& gradient : gradients) clipped.push_back(gradient * scale);
  return clipped;
}

}  // namespace

OptimizerImpl::OptimizerImpl(std::string_view type, OptimizerOptions options)
    : type_(type), options_(std::move(options)) {
  if (options_.name.empty()) {
    options_.name = type_;
    std::transform(type_.begin(), type_.end(), options_.name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  if (!options_.learning_rate.is_schedule()) {
    check_learning_rate(type_, options_.learning_rate.value());
  }
  int kinds = 0;
  for (const auto& bound : {options_.clipnorm, options_.clipvalue, options_.global_clipnorm}) {
    if (!bound) continue;
    ++kinds;
    if (!(*bound > 0)) {
      throw ValueError({.where = type_,
                        .what = "A clip bound must be positive",
                        .received = number_text(*bound)});
    }
  }
  if (kinds > 1) {
    throw ValueError({.where = type_,
                      .what = "Gradients can be clipped in one way only",
                      .expected = "one of clipnorm, clipvalue and global_clipnorm",
                      .received = std::to_string(kinds) + " of them"});
  }
}

void OptimizerImpl::build(const std::vector<Variable>& variables) {
  if (built_) {
    if (variables == trained_) return;
    throw StateError({.where = type_,
                      .what = "The optimizer was built for other variables",
                      .expected = "the " + std::to_string(trained_.size()) + " variables of before",
                      .received = std::to_string(variables.size()) + " variables",
                      .hint = "compile again with a new optimizer"});
  }
  DType widest = DType::float32;
  for (const Variable& variable : variables) widest = promote(widest, variable.dtype());
  iterations_ = Variable(zeros(Shape{}, DType::int64), "iteration", false);
  variables_.push_back(iterations_);
  if (!options_.learning_rate.is_schedule()) {
    learning_rate_ =
        Variable(Array::scalar(options_.learning_rate.value(), widest), "learning_rate", false);
    variables_.push_back(learning_rate_);
  }
  trained_ = variables;
  built_ = true;
  build_slots(variables);
}

Variable OptimizerImpl::add_slot(const Variable& variable, std::string_view name) {
  variables_.emplace_back(zeros(variable.shape(), variable.dtype()),
                          variable.name() + "_" + std::string(name), false);
  return variables_.back();
}

std::vector<Array> OptimizerImpl::clip(std::span<const Array> gradients) const {
  if (options_.global_clipnorm) return clip_by_global_norm(gradients, *options_.global_clipnorm);
  std::vector<Array> clipped(gradients.begin(), gradients.end());
  for (Array& gradient : clipped) {
    if (options_.clipnorm) gradient = clip_by_norm(gradient, *options_.clipnorm);
    if (options_.clipvalue) {
      gradient = danlu::clip(gradient, -*options_.clipvalue, *options_.clipvalue);
    }
  }
  return clipped;
}

void OptimizerImpl::apply(std::span<const Array> gradients,
                          const std::vector<Variable>& variables) {
  if (gradients.size() != variables.size()) {
    throw ValueError({.where = type_,
                      .what = "Each variable needs one gradient",
                      .expected = std::to_string(variables.size()) + " gradients",
                      .received = std::to_string(gradients.size())});
  }
  build(variables);
  const std::vector<Array> clipped = clip(gradients);
  const Array next_step = iterations_ + 1;

  std::map<DType, StepScalars> scalars;
  for (const Variable& variable : variables) {
    const DType dtype = variable.dtype();
    if (scalars.contains(dtype)) continue;
    const Array rate = options_.learning_rate.is_schedule()
                           ? options_.learning_rate(cast(iterations_, dtype))
                       : learning_rate_.dtype() == dtype ? learning_rate_.value()
                                                         : cast(learning_rate_, dtype);
    scalars.emplace(dtype, StepScalars{rate, cast(next_step, dtype), {}});
  }
  for (auto& [dtype, shared] : scalars) {
    begin_step(shared);
    for (size_t i = 0; i < variables.size(); ++i) {
      if (variables[i].dtype() != dtype) continue;
      Variable variable = variables[i];
      if (options_.weight_decay) {
        variable.assign(variable - variable * *options_.weight_decay * shared.learning_rate);
      }
      update_variable(i, variable, clipped[i], shared);
    }
  }
  iterations_.assign(next_step);
}

std::pair<std::vector<Array>, std::vector<Array>> OptimizerImpl::stateless_apply(
    const std::vector<Array>& optimizer_variables, const std::vector<Array>& gradients,
    const std::vector<Array>& trainable_variables) {
  if (!built_) {
    throw StateError({.where = type_,
                      .what = "The optimizer has no slots yet",
                      .hint = "call build(model.trainable_weights()) first"});
  }
  std::vector<Variable> all = variables_;
  all.insert(all.end(), trained_.begin(), trained_.end());
  std::vector<Array> values = optimizer_variables;
  values.insert(values.end(), trainable_variables.begin(), trainable_variables.end());
  if (values.size() != all.size()) {
    throw ValueError({.where = type_,
                      .what = "The number of values does not match the variables",
                      .expected = std::to_string(all.size()),
                      .received = std::to_string(values.size())});
  }
  const StateScope scope(all, values);
  apply(gradients, trained_);
  std::vector<Array> new_slots, new_values;
  for (const Variable& variable : variables_) new_slots.push_back(scope.value(variable));
  for (const Variable& variable : trained_) new_values.push_back(scope.value(variable));
  return {std::move(new_values), std::move(new_slots)};
}

int64_t OptimizerImpl::count_params() const {
  int64_t count = 0;
  for (const Variable& variable : variables_) count += variable.shape().num_elements();
  return count;
}

int64_t OptimizerImpl::iterations() const {
  return built_ ? iterations_.value().item<int64_t>() : 0;
}

double OptimizerImpl::learning_rate() const {
  if (options_.learning_rate.is_schedule()) {
    const auto step = static_cast<double>(iterations());
    return options_.learning_rate(Array::scalar(step, DType::float64)).item<double>();
  }
  return built_ ? learning_rate_.value().item<double>() : options_.learning_rate.value();
}

void OptimizerImpl::set_learning_rate(double value) {
  check_learning_rate(type_, value);
  if (options_.learning_rate.is_schedule()) {
    throw StateError({.where = type_,
                      .what = "The learning rate follows a schedule and cannot be set",
                      .received = options_.learning_rate.name(),
                      .hint = "give the optimizer a number as learning_rate"});
  }
  options_.learning_rate = value;
  if (built_) learning_rate_.assign(Array::scalar(value, learning_rate_.dtype()));
}

Optimizer::Optimizer(const std::string& name)
    : Optimizer([&]() -> Optimizer {
        if (name == "sgd" || name == "SGD") return SGD();
        if (name == "adam" || name == "Adam") return Adam();
        throw ValueError({.where = "optimizer",
                          .what = "There is no optimizer of this name",
                          .expected = "one of sgd, adam",
                          .received = "\"" + name + "\""});
      }()) {}

TrainState Optimizer::update(const TrainState& s, const Params& gradients,
                             std::vector<Array> state) const {
  auto [params, slots] = impl_->stateless_apply(s.slots, gradients, s.params);
  return {std::move(params), std::move(state), std::move(slots)};
}

}  // namespace danlu
