#include "danlu/optim/optimizer.h"

#include <algorithm>
#include <map>
#include <regex>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

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

namespace internal {

void assign_if(const Array& condition, std::vector<Variable> variables,
               const std::function<void()>& body) {
  std::vector<Array> before;
  for (const Variable& variable : variables) before.push_back(variable.value());
  body();
  for (size_t i = 0; i < variables.size(); ++i) {
    const Array after = variables[i].value();
    if (after.node() == before[i].node()) continue;
    variables[i].assign(where(condition, after, before[i]));
  }
}

void check_pattern(const std::string& where, const std::string& pattern) {
  try {
    const std::regex compiled(pattern);
  } catch (const std::regex_error&) {
    throw ValueError({.where = where,
                      .what = "This is no regular expression",
                      .received = "\"" + pattern + "\""});
  }
}

bool has_match(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

}  // namespace internal

OptimizerImpl::OptimizerImpl(std::string_view type, OptimizerOptions options)
    : type_(type), options_(std::move(options)) {
  if (options_.name.empty()) options_.name = to_snake_case(type_);
  if (!options_.learning_rate.is_schedule()) {
    check_learning_rate(type_, options_.learning_rate.value());
  }
  int kinds = 0;
  std::string given;
  const std::pair<const char*, std::optional<double>> bounds[] = {
      {"clipnorm", options_.clipnorm},
      {"clipvalue", options_.clipvalue},
      {"global_clipnorm", options_.global_clipnorm}};
  for (const auto& [name, bound] : bounds) {
    if (!bound) continue;
    given += (kinds++ > 0 ? ", " : "") + std::string(name) + "=" + number_text(*bound);
    if (!(*bound > 0)) {
      throw ValueError({.where = type_,
                        .what = "A clip bound must be positive",
                        .received = std::string(name) + "=" + number_text(*bound)});
    }
  }
  if (kinds > 1) {
    throw ValueError({.where = type_,
                      .what = "Gradients can be clipped in one way only",
                      .expected = "one of clipnorm, clipvalue and global_clipnorm",
                      .received = given});
  }
  if (!(options_.ema_momentum >= 0 && options_.ema_momentum <= 1)) {
    throw ValueError({.where = type_,
                      .what = "`ema_momentum` is out of range",
                      .expected = "a number in [0, 1]",
                      .received = "ema_momentum=" + number_text(options_.ema_momentum)});
  }
  check_at_least("ema_overwrite_frequency", options_.ema_overwrite_frequency, 1);
  check_at_least("gradient_accumulation_steps", options_.gradient_accumulation_steps, 2);
}

void OptimizerImpl::check_at_least(const char* field, const std::optional<int64_t>& value,
                                   int64_t least) const {
  if (!value || *value >= least) return;
  throw ValueError({.where = type_,
                    .what = std::string("`") + field + "` is too small",
                    .expected = "an integer of at least " + std::to_string(least),
                    .received = field + ("=" + std::to_string(*value))});
}

void OptimizerImpl::check_range(const char* field, double value, double low, double high) const {
  if (value >= low && value < high) return;
  throw ValueError({.where = type_,
                    .what = std::string("`") + field + "` is out of range",
                    .expected = "a number in [" + number_text(low) + ", " + number_text(high) + ")",
                    .received = field + ("=" + number_text(value))});
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
  iterations_ = add_variable(zeros(Shape{}, DType::int64), "iteration");
  if (!options_.learning_rate.is_schedule()) {
    learning_rate_ =
        add_variable(Array::scalar(options_.learning_rate.value(), widest), "learning_rate");
  }
  for (const Variable& variable : variables) {
    if (options_.use_ema) averages_.push_back(add_slot(variable, "average"));
  }
  for (const Variable& variable : variables) {
    if (!options_.gradient_accumulation_steps) break;
    accumulators_.push_back(add_slot(variable, "gradient_accumulator"));
  }
  trained_ = variables;
  built_ = true;
  build_slots(variables);
}

Variable OptimizerImpl::add_slot(const Variable& variable, std::string_view name, double initial) {
  return add_variable(full(variable.shape(), initial, variable.dtype()),
                      variable.name() + "_" + std::string(name));
}

Variable OptimizerImpl::add_variable(const Array& initial, std::string_view name) {
  variables_.emplace_back(initial, std::string(name), false);
  return variables_.back();
}

void OptimizerImpl::adopt(const OptimizerImpl& inner) {
  variables_.insert(variables_.end(), inner.variables_.begin(), inner.variables_.end());
}

std::vector<Array> OptimizerImpl::clip_gradients(std::span<const Array> gradients) const {
  if (options_.global_clipnorm) return clip_by_global_norm(gradients, *options_.global_clipnorm);
  std::vector<Array> clipped(gradients.begin(), gradients.end());
  for (Array& gradient : clipped) {
    if (options_.clipnorm) gradient = clip_by_norm(gradient, *options_.clipnorm);
    if (options_.clipvalue) {
      gradient = clip(gradient, -*options_.clipvalue, *options_.clipvalue);
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
  step(gradients, variables);
}

void OptimizerImpl::step(std::span<const Array> gradients, const std::vector<Variable>& variables) {
  std::vector<Array> unscaled(gradients.begin(), gradients.end());
  if (options_.loss_scale_factor) {
    for (Array& gradient : unscaled) gradient = gradient / *options_.loss_scale_factor;
  }
  if (options_.gradient_accumulation_steps) {
    accumulate(unscaled, variables);
  } else {
    update(unscaled, variables);
  }
  if (options_.use_ema) move_averages(variables);
  count_step();
}

void OptimizerImpl::count_step() { iterations_.assign(iterations_ + 1); }

Array OptimizerImpl::updates() const {
  if (!options_.gradient_accumulation_steps) return iterations_;
  return floor_divide(iterations_, *options_.gradient_accumulation_steps);
}

void OptimizerImpl::accumulate(std::span<const Array> gradients,
                               const std::vector<Variable>& variables) {
  const int64_t steps = *options_.gradient_accumulation_steps;
  const Array complete = mod(iterations_ + 1, steps) == 0;
  std::vector<Array> sums, means;
  for (size_t i = 0; i < gradients.size(); ++i) {
    sums.push_back(gradients[i] + accumulators_[i]);
    means.push_back(sums[i] / static_cast<double>(steps));
  }
  std::vector<Variable> changing = variables_;
  changing.insert(changing.end(), variables.begin(), variables.end());
  internal::assign_if(complete, changing, [&] { update(means, variables); });
  for (size_t i = 0; i < sums.size(); ++i) {
    accumulators_[i].assign(where(complete, zeros_like(sums[i]), sums[i]));
  }
}

void OptimizerImpl::update(std::span<const Array> gradients,
                           const std::vector<Variable>& variables) {
  const std::vector<Array> clipped = clip_gradients(gradients);
  const Array next_step = updates() + 1;

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
      const std::optional<double> decay = weight_decay_of(variable);
      if (decay && decays(variable)) {
        variable.assign(variable - variable * *decay * shared.learning_rate);
      }
      update_variable(i, variable, clipped[i], shared);
    }
  }
}

void OptimizerImpl::move_averages(const std::vector<Variable>& variables) {
  const Array before = updates();
  for (size_t i = 0; i < variables.size(); ++i) {
    Variable variable = variables[i];
    const Array keeps = cast(before != 0, variable.dtype()) * options_.ema_momentum;
    const Array average = keeps * averages_[i] + (1.0 - keeps) * variable;
    averages_[i].assign(average);
    if (!options_.ema_overwrite_frequency) continue;
    const Array overwrites = mod(before + 1, *options_.ema_overwrite_frequency) == 0;
    variable.assign(where(overwrites, average, variable));
  }
}

Array OptimizerImpl::scale_loss(const Array& loss) const {
  return options_.loss_scale_factor ? loss * *options_.loss_scale_factor : loss;
}

void OptimizerImpl::finalize_variable_values(const std::vector<Variable>& variables) {
  if (!options_.use_ema || !built_) return;
  for (size_t i = 0; i < variables.size(); ++i) {
    Variable(variables[i]).assign(averages_[i].value());
  }
}

void OptimizerImpl::exclude_from_weight_decay(const std::vector<Variable>& variables,
                                              const std::vector<std::string>& names) {
  if (built_) {
    throw StateError({.where = type_,
                      .what = "The optimizer is built already",
                      .hint = "call exclude_from_weight_decay before the first step"});
  }
  undecayed_ = variables;
  undecayed_names_.clear();
  for (const std::string& name : names) {
    internal::check_pattern(type_, name);
    undecayed_names_ += (undecayed_names_.empty() ? "" : "|") + name;
  }
}

bool OptimizerImpl::decays(const Variable& variable) const {
  if (std::find(undecayed_.begin(), undecayed_.end(), variable) != undecayed_.end()) return false;
  return undecayed_names_.empty() || !internal::has_match(variable.name(), undecayed_names_);
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

std::vector<Optimizer> OptimizerImpl::inner_optimizers() const { return {}; }

int64_t OptimizerImpl::count_params() const {
  int64_t count = 0;
  for (const Variable& variable : variables_) count += variable.shape().num_elements();
  return count;
}

int64_t OptimizerImpl::iterations() const { return built_ ? updates().item<int64_t>() : 0; }

double OptimizerImpl::learning_rate() const {
  if (options_.learning_rate.is_schedule()) {
    const double steps = built_ ? iterations_.value().item<double>() : 0;
    return options_.learning_rate(Array::scalar(steps, DType::float64)).item<double>();
  }
  return built_ ? learning_rate_.value().item<double>() : options_.learning_rate.value();
}

void OptimizerImpl::set_learning_rate(double value) {
  check_learning_rate(type_, value);
  if (options_.learning_rate.is_schedule()) {
    throw StateError({.where = type_,
                      .what = "The learning rate follows a schedule and cannot be set",
                      .received = options_.learning_rate.class_name(),
                      .hint = "give the optimizer a number as learning_rate"});
  }
  options_.learning_rate = value;
  if (built_) learning_rate_.assign(Array::scalar(value, learning_rate_.dtype()));
}

TrainState Optimizer::update(const TrainState& s, const Params& gradients,
                             std::vector<Array> state) const {
  auto [params, slots] = impl_->stateless_apply(s.slots, gradients, s.params);
  return {std::move(params), std::move(state), std::move(slots)};
}

}  // namespace danlu
