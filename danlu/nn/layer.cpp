#include "danlu/nn/layer.h"

#include <algorithm>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

DTypePolicy policy_of(const LayerOptions& options, const std::string& where) {
  if (options.dtype.empty()) return dtype_policy();
  if (!options.any_dtype) return DTypePolicy(options.dtype, where);
  DTypePolicy policy("float32");
  policy.compute_dtype = policy.variable_dtype = dtype_from_name(options.dtype);
  policy.name = options.dtype;
  return policy;
}

void append(std::vector<Variable>& to, const std::vector<Variable>& from) {
  for (const Variable& variable : from) {
    if (std::find(to.begin(), to.end(), variable) == to.end()) to.push_back(variable);
  }
}

/// The names of the layers that are being built or called on this thread, each behind the other.
class PathScope {
 public:
  explicit PathScope(const std::string& name) : length_(path().size()) { path() += name + "/"; }
  ~PathScope() { path().resize(length_); }
  PathScope(const PathScope&) = delete;
  PathScope& operator=(const PathScope&) = delete;

  static std::string of(const std::string& name) { return path() + name; }

 private:
  static std::string& path() {
    thread_local std::string names;
    return names;
  }
  size_t length_;
};

}  // namespace

bool CallContext::flag_of(const Json& arguments, const std::string& name, bool fallback) {
  const Json* value = arguments.is_object() ? arguments.find(name) : nullptr;
  if (value == nullptr || value->is_null()) return fallback;
  return value->as_bool();
}

Array CallContext::tensor(const std::string& name) const {
  const auto found = tensors.find(name);
  return found == tensors.end() ? Array() : found->second;
}

LayerImpl::LayerImpl(std::string_view type, LayerOptions options)
    : type_(type),
      options_(std::move(options)),
      named_(!options_.name.empty()),
      policy_("float32") {
  if (!named_) options_.name = automatic_name(type);
  policy_ = policy_of(options_, where());
}

std::string LayerImpl::where() const { return type_ + " '" + name() + "'"; }

void LayerImpl::refuse_count(const char* what, size_t count) const {
  throw ValueError({.where = where(),
                    .what = std::string("The layer has another number of ") + what,
                    .expected = "1",
                    .received = std::to_string(count)});
}

void LayerImpl::ensure_built(const std::vector<Shape>& input_shapes) {
  if (built_) return;
  compute_output_shapes(input_shapes);
  with_error_context(where(), [&] {
    const PathScope scope(name());
    build_inputs(input_shapes);
  });
  build_shapes_ = input_shapes;
  built_ = true;
}

std::vector<Shape> LayerImpl::compute_output_shapes(const std::vector<Shape>& input_shapes,
                                                    const Json& arguments) const {
  return with_error_context(where(),
                            [&] { return output_shapes_of_call(input_shapes, arguments); });
}

Shape LayerImpl::compute_output_shape(const Shape& input_shape) const {
  const std::vector<Shape> shapes = compute_output_shapes({input_shape});
  if (shapes.size() != 1) refuse_count("outputs", shapes.size());
  return shapes[0];
}

LayerOutputs LayerImpl::apply(const std::vector<Array>& inputs, const CallContext& context) {
  thread_local int depth = 0;
  struct Depth {
    Depth() { ++depth; }
    ~Depth() { --depth; }
  } const outermost_at_zero;
  if (depth == 1) clear_losses();

  std::vector<Shape> shapes;
  for (const Array& x : inputs) shapes.push_back(x.shape());
  compute_output_shapes(shapes, context.arguments);
  for (Shape& shape : shapes) {
    if (shape.rank() > 0) shape = shape.with_dim(0, kNone);
  }
  ensure_built(shapes);
  return with_error_context(where(), [&] {
    const PathScope path(name());
    const std::optional<DType> outer = AutocastScope::current();
    std::optional<AutocastScope> own;
    if (outer && !autocast()) {
      own.emplace(std::nullopt);
    } else if (outer ? *outer != compute_dtype() : compute_dtype() != variable_dtype()) {
      own.emplace(compute_dtype());
    }
    std::vector<Array> cast_inputs = inputs;
    for (Array& x : cast_inputs) {
      if (casts_input() && x.dtype() != compute_dtype()) x = cast(x, compute_dtype());
    }
    LayerOutputs outputs = call_with_masks(cast_inputs, context);
    if (activity_regularizer_.defined()) {
      for (const Array& y : outputs.values) {
        const auto batch = static_cast<double>(y.rank() > 0 ? y.shape()[0] : 1);
        add_loss(activity_regularizer_(y) * (batch == 0 ? 0 : 1 / batch));
      }
    }
    return outputs;
  });
}

Array LayerImpl::operator()(const Array& x, const CallContext& context) {
  const LayerOutputs outputs = apply({x}, context);
  if (outputs.values.size() != 1) refuse_count("outputs", outputs.values.size());
  return outputs.values[0];
}

std::vector<Array> LayerImpl::compute_mask(const std::vector<Array>&,
                                           const std::vector<Array>& masks) const {
  return supports_masking() ? masks : std::vector<Array>();
}

Shape LayerImpl::output_shape(const Shape&) const { refuse_count("inputs", 1); }
Array LayerImpl::call(const Array&, const CallContext&) { refuse_count("inputs", 1); }

std::vector<Shape> LayerImpl::output_shapes(const std::vector<Shape>& input_shapes) const {
  if (input_shapes.size() != 1) refuse_count("inputs", input_shapes.size());
  return {output_shape(input_shapes[0])};
}

std::vector<Shape> LayerImpl::output_shapes_of_call(const std::vector<Shape>& input_shapes,
                                                    const Json&) const {
  return output_shapes(input_shapes);
}

std::vector<Array> LayerImpl::call_inputs(const std::vector<Array>& inputs,
                                          const CallContext& context) {
  return {call(inputs.at(0), context)};
}

void LayerImpl::build_inputs(const std::vector<Shape>& input_shapes) { build(input_shapes.at(0)); }

LayerOutputs LayerImpl::call_with_masks(const std::vector<Array>& inputs,
                                        const CallContext& context) {
  // As in Keras, a mask that is an argument of the call takes the place of the inputs' own.
  const Array given = context.tensor("mask");
  return {call_inputs(inputs, context),
          compute_mask(inputs, given.defined() ? std::vector<Array>{given} : context.masks)};
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
  append(all, states_);
  for (const Layer& layer : sublayers()) append(all, layer->non_trainable_variables());
  return all;
}

int64_t LayerImpl::count_params() const {
  int64_t count = 0;
  for (const Variable& weight : weights()) count += weight.shape().num_elements();
  return count;
}

Variable LayerImpl::add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                               bool trainable) {
  weights_.emplace_back(initializer(shape, variable_dtype()), name, trainable);
  weights_.back().set_path(PathScope::of(name));
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
  all.insert(all.end(), call_losses_.begin(), call_losses_.end());
  for (const Layer& layer : sublayers()) {
    for (Array& loss : layer->losses()) all.push_back(std::move(loss));
  }
  return all;
}

void LayerImpl::clear_losses() {
  call_losses_.clear();
  for (const Layer& layer : sublayers()) layer->clear_losses();
}

bool LayerImpl::awaits_batch() const {
  const std::vector<Layer> inner = sublayers();
  return std::any_of(inner.begin(), inner.end(),
                     [](const Layer& layer) { return layer->awaits_batch(); });
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
  states_.emplace_back(Array(std::vector<int64_t>{value, 0}), "seed_generator_state", false);
  return states_.back();
}

Variable LayerImpl::add_state(std::string name, const Shape& shape) {
  states_.emplace_back(zeros(shape, variable_dtype()), std::move(name), false);
  return states_.back();
}

}  // namespace danlu
