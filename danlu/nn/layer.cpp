#include "danlu/nn/layer.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

DType layer_dtype(const std::string& dtype, const std::string& where) {
  if (dtype.empty()) return floatx();
  if (dtype == "float32" || dtype == "float64") return dtype_from_name(dtype);
  throw ValueError({.where = where,
                    .what = "A layer cannot compute in this dtype",
                    .expected = "\"float32\" or \"float64\"",
                    .received = "\"" + dtype + "\""});
}

void append(std::vector<Variable>& to, const std::vector<Variable>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

LayerImpl::LayerImpl(std::string_view type, LayerOptions options)
    : type_(type), options_(std::move(options)), named_(!options_.name.empty()) {
  if (!named_) options_.name = automatic_name(type);
  dtype_ = layer_dtype(options_.dtype, where());
}

std::string LayerImpl::where() const { return type_ + " '" + name() + "'"; }

void LayerImpl::ensure_built(const Shape& input_shape) {
  if (built_) return;
  compute_output_shape(input_shape);
  with_error_context(where(), [&] { build(input_shape); });
  built_ = true;
}

Shape LayerImpl::compute_output_shape(const Shape& input_shape) const {
  return with_error_context(where(), [&] { return output_shape(input_shape); });
}

Array LayerImpl::operator()(const Array& x, const CallContext& context) {
  compute_output_shape(x.shape());
  ensure_built(x.rank() > 0 ? x.shape().with_dim(0, kNone) : x.shape());
  return with_error_context(where(), [&] {
    const bool same = x.dtype() == dtype_ || !casts_input();
    return call(same ? x : cast(x, dtype_), context);
  });
}

std::vector<Layer> LayerImpl::sublayers() const { return {}; }

std::vector<Variable> LayerImpl::collect(bool want_trainable) const {
  std::vector<Variable> found;
  for (const Variable& weight : weights_) {
    if ((weight.trainable() && trainable()) == want_trainable) found.push_back(weight);
  }
  for (const Layer& layer : sublayers()) {
    if (trainable()) {
      append(found, layer->collect(want_trainable));
    } else if (!want_trainable) {
      append(found, layer->weights());
    }
  }
  return found;
}

std::vector<Variable> LayerImpl::trainable_weights() const { return collect(true); }
std::vector<Variable> LayerImpl::non_trainable_weights() const { return collect(false); }

std::vector<Variable> LayerImpl::weights() const {
  std::vector<Variable> all = weights_;
  for (const Layer& layer : sublayers()) append(all, layer->weights());
  return all;
}

std::vector<Variable> LayerImpl::non_trainable_variables() const {
  std::vector<Variable> all = non_trainable_weights();
  append(all, seed_states_);
  for (const Layer& layer : sublayers()) {
    for (const Variable& variable : layer->non_trainable_variables()) {
      bool known = false;
      for (const Variable& other : all) known |= other == variable;
      if (!known) all.push_back(variable);
    }
  }
  return all;
}

int64_t LayerImpl::count_params() const {
  int64_t count = 0;
  for (const Variable& weight : weights()) count += weight.shape().num_elements();
  return count;
}

Variable LayerImpl::add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                               bool trainable) {
  weights_.emplace_back(initializer(shape, dtype_), std::move(name), trainable);
  return weights_.back();
}

Variable LayerImpl::add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                               Regularizer regularizer, Constraint constraint) {
  Variable weight = add_weight(std::move(name), shape, initializer);
  if (regularizer.defined() || constraint.defined()) {
    rules_.push_back({weight, std::move(regularizer), std::move(constraint)});
  }
  return weight;
}

std::vector<Array> LayerImpl::losses() const {
  std::vector<Array> all;
  if (!trainable()) return all;
  with_error_context(where(), [&] {
    for (const Rule& rule : rules_) {
      if (rule.regularizer.defined() && rule.weight.trainable()) {
        all.push_back(rule.regularizer(rule.weight));
      }
    }
  });
  for (const Layer& layer : sublayers()) {
    for (Array& loss : layer->losses()) all.push_back(std::move(loss));
  }
  return all;
}

void LayerImpl::apply_constraints() {
  if (!trainable()) return;
  with_error_context(where(), [&] {
    for (Rule& rule : rules_) {
      if (!rule.constraint.defined() || !rule.weight.trainable()) continue;
      rule.weight.assign(rule.constraint(rule.weight));
    }
  });
  for (const Layer& layer : sublayers()) layer->apply_constraints();
}

Variable LayerImpl::add_seed_state(std::optional<int64_t> seed) {
  const int64_t value = seed ? *seed : next_random_seed();
  seed_states_.emplace_back(Array(std::vector<int64_t>{value, 0}), "seed_generator_state", false);
  return seed_states_.back();
}

}  // namespace danlu
