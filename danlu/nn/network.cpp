#include "danlu/nn/network.h"

#include <algorithm>
#include <map>
#include <set>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/registry.h"

namespace danlu {
namespace {

thread_local bool leave_uncomputed = false;

void require_count(const Network& network, const char* what, size_t expected, size_t received) {
  if (expected == received) return;
  throw ValueError({.where = network.where(),
                    .what = std::string("The number of ") + what + " does not match the network",
                    .expected = std::to_string(expected),
                    .received = std::to_string(received)});
}

void collect_named(const LayerImpl& parent, const std::string& prefix,
                   std::vector<std::pair<std::string, Variable>>& found) {
  for (const Variable& weight : parent.own_weights()) {
    const auto same = [&](const auto& entry) { return entry.second == weight; };
    if (std::none_of(found.begin(), found.end(), same)) {
      found.emplace_back(prefix + weight.name(), weight);
    }
  }
  std::map<std::string, int> counts;
  for (const Layer& layer : parent.sublayers()) {
    std::string key = layer.name();
    if (!layer->is_named()) {
      key = to_snake_case(layer->type());
      const int count = counts[key]++;
      if (count > 0) key += "_" + std::to_string(count);
    }
    collect_named(*layer.impl(), prefix + key + "/", found);
  }
}

}  // namespace

UncomputedWeights::UncomputedWeights() : outer_(leave_uncomputed) { leave_uncomputed = true; }
UncomputedWeights::~UncomputedWeights() { leave_uncomputed = outer_; }

void Network::set_trainable(bool trainable) {
  LayerImpl::set_trainable(trainable);
  for (const Layer& layer : layers()) layer->set_trainable(trainable);
}

void Network::require_built() const {
  if (built()) return;
  throw StateError({.where = where(),
                    .what = "The network is not built yet, so its shapes are unknown",
                    .hint = "put Input({…}) in front, give the first layer an input_shape, or call "
                            "the network on data"});
}

const std::vector<Shape>& Network::input_shapes() const {
  require_built();
  return build_shapes();
}

void Network::evaluate_weights() const {
  if (leave_uncomputed) return;
  std::vector<Array> values;
  for (const Variable& weight : weights()) values.push_back(weight.value());
  for (const Array& value : values) {
    if (value.node()->traced) return;
  }
  eval(std::span<const Array>(values));
}

void require_unique_names(const std::vector<Layer>& layers, const std::string& where) {
  std::set<std::string> names;
  for (const Layer& layer : layers) {
    if (names.insert(layer.name()).second) continue;
    throw ValueError({.where = where,
                      .what = "Two layers have the same name",
                      .received = "\"" + layer.name() + "\"",
                      .hint = "give each layer its own `name`, or none"});
  }
}

SequentialNetwork::SequentialNetwork(std::vector<Layer> layers, std::string name)
    : Network("Sequential", {.name = std::move(name)}), layers_(std::move(layers)) {
  if (!layers_.empty() && layers_[0]->type() == "InputLayer") {
    input_ = layers_[0];
    layers_.erase(layers_.begin());
  } else if (!layers_.empty() && layers_[0]->declared_input_shape().defined()) {
    input_ = Input({.shape = layers_[0]->declared_input_shape()});
  }
  require_unique_names(layers_, where());
  if (!input_) return;
  ensure_built(to_keras_tensor(*input_).shape());
}

std::vector<Shape> SequentialNetwork::layer_output_shapes(size_t index) const {
  require_built();
  return {output_shapes_.at(index)};
}

std::vector<std::string> SequentialNetwork::input_names() const {
  return {input_ ? input_->name() : "input"};
}

std::vector<std::string> SequentialNetwork::output_names() const {
  return {layers_.empty() ? name() : layers_.back().name()};
}

Shape SequentialNetwork::output_shape(const Shape& input) const {
  Shape shape = input;
  for (const Layer& layer : layers_) shape = layer->compute_output_shape(shape);
  return shape;
}

void SequentialNetwork::build(const Shape& input) {
  Shape shape = input;
  for (const Layer& layer : layers_) {
    layer->ensure_built(shape);
    shape = layer->compute_output_shape(shape);
    output_shapes_.push_back(shape);
  }
  evaluate_weights();
}

LayerOutputs SequentialNetwork::call_with_masks(const std::vector<Array>& inputs,
                                                const CallContext& context) {
  LayerOutputs x{inputs, context.masks};
  for (const Layer& layer : layers_) {
    x = layer->apply(x.values, {.training = context.training, .masks = x.masks});
  }
  return x;
}

Json SequentialNetwork::get_config() const {
  Json layers = Json::array();
  if (input_) layers.push_back(serialize(*input_));
  for (const Layer& layer : layers_) {
    layers.push_back(serialize(layer));
  }
  Json config = Json::object();
  config.set("name", name());
  config.set("trainable", trainable());
  config.set("dtype", dtype_policy().name);
  config.set("layers", std::move(layers));
  return config;
}

std::shared_ptr<SequentialNetwork> sequential_from_config(const Json& config) {
  std::vector<Layer> layers;
  for (const Json& entry : config.at("layers").items()) {
    layers.push_back(layer_from_entry(entry));
  }
  const Json* name = config.find("name");
  auto network = std::make_shared<SequentialNetwork>(
      std::move(layers), name != nullptr && name->is_string() ? name->as_string() : "");
  if (const Json* trainable = config.find("trainable"); trainable && !trainable->as_bool()) {
    network->LayerImpl::set_trainable(false);
  }
  return network;
}

std::vector<std::pair<std::string, Variable>> named_weights(const Network& network) {
  std::vector<std::pair<std::string, Variable>> found;
  collect_named(network, "", found);
  return found;
}

std::pair<Array, std::vector<Array>> stateless_call(Network& network,
                                                    const std::vector<Array>& params,
                                                    const std::vector<Array>& state, const Array& x,
                                                    const CallContext& context) {
  std::vector<Variable> variables = network.trainable_weights();
  const std::vector<Variable> changing = network.non_trainable_variables();
  require_count(network, "parameters", variables.size(), params.size());
  require_count(network, "state values", changing.size(), state.size());
  variables.insert(variables.end(), changing.begin(), changing.end());
  std::vector<Array> values = params;
  values.insert(values.end(), state.begin(), state.end());

  const StateScope scope(variables, values);
  Array output = network(x, context);
  std::vector<Array> new_state;
  for (const Variable& variable : changing) new_state.push_back(scope.value(variable));
  return {std::move(output), std::move(new_state)};
}

}  // namespace danlu
