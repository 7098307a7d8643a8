#include "danlu/nn/network.h"

#include <map>
#include <set>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/global_state.h"

namespace danlu {
namespace {

void require_count(const Network& network, const char* what, size_t expected, size_t received) {
  if (expected == received) return;
  throw ValueError({.where = network.where(),
                    .what = std::string("The number of ") + what + " does not match the network",
                    .expected = std::to_string(expected),
                    .received = std::to_string(received)});
}

void collect_named(const Network& network, const std::string& prefix,
                   std::vector<std::pair<std::string, Variable>>& found) {
  std::map<std::string, int> counts;
  for (const Layer& layer : network.layers()) {
    std::string key = layer.name();
    if (!layer->is_named()) {
      key = to_snake_case(layer->type());
      const int count = counts[key]++;
      if (count > 0) key += "_" + std::to_string(count);
    }
    if (const auto* inner = dynamic_cast<const Network*>(layer.impl().get())) {
      collect_named(*inner, prefix + key + "/", found);
      continue;
    }
    for (const Variable& weight : layer.weights()) {
      found.emplace_back(prefix + key + "/" + weight.name(), weight);
    }
  }
}

}  // namespace

void Network::set_trainable(bool trainable) {
  LayerImpl::set_trainable(trainable);
  for (const Layer& layer : layers()) layer->set_trainable(trainable);
}

SequentialNetwork::SequentialNetwork(std::vector<Layer> layers, std::string name)
    : Network("Sequential", {.name = std::move(name)}), layers_(std::move(layers)) {
  if (!layers_.empty()) sample_shape_ = layers_[0]->declared_input_shape();
  if (!layers_.empty() && layers_[0]->type() == "InputLayer") layers_.erase(layers_.begin());
  std::set<std::string> names;
  for (const Layer& layer : layers_) {
    if (names.insert(layer.name()).second) continue;
    throw ValueError({.where = where(),
                      .what = "Two layers have the same name",
                      .received = "\"" + layer.name() + "\"",
                      .hint = "give each layer its own `name`, or none"});
  }
  if (sample_shape_.defined()) ensure_built(sample_shape_.value().with_axis_inserted(0, kNone));
}

void SequentialNetwork::require_built() const {
  if (built()) return;
  throw StateError({.where = where(),
                    .what = "The network is not built yet, so its shapes are unknown",
                    .hint = "put Input({…}) in front, give the first layer an input_shape, or call "
                            "the network on data"});
}

const Shape& SequentialNetwork::input_shape() const {
  require_built();
  return input_shape_;
}

const Shape& SequentialNetwork::layer_output_shape(size_t index) const {
  require_built();
  return output_shapes_.at(index);
}

Shape SequentialNetwork::output_shape(const Shape& input) const {
  Shape shape = input;
  for (const Layer& layer : layers_) shape = layer->compute_output_shape(shape);
  return shape;
}

void SequentialNetwork::build(const Shape& input) {
  input_shape_ = input;
  Shape shape = input;
  for (const Layer& layer : layers_) {
    layer->ensure_built(shape);
    shape = layer->compute_output_shape(shape);
    output_shapes_.push_back(shape);
  }
  std::vector<Array> values;
  for (const Variable& weight : weights()) values.push_back(weight.value());
  for (const Array& value : values) {
    if (value.node()->traced) return;
  }
  eval(std::span<const Array>(values));
}

Array SequentialNetwork::call(const Array& x, const CallContext& context) {
  Array y = x;
  for (const Layer& layer : layers_) y = layer(y, context);
  return y;
}

Json SequentialNetwork::get_config() const {
  Json layers = Json::array();
  for (const Layer& layer : layers_) {
    layers.push_back(
        Json::object({{"class_name", layer->type()}, {"config", layer->get_config()}}));
  }
  Json config = Json::object();
  config.set("name", name());
  config.set("trainable", trainable());
  config.set("dtype", std::string(danlu::name(dtype())));
  config.set("input_shape", to_json(sample_shape_));
  config.set("layers", std::move(layers));
  return config;
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
