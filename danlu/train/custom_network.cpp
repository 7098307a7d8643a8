#include "danlu/train/custom_network.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/probe.h"

namespace danlu {

CustomNetwork::CustomNetwork(std::string_view type, LayerOptions options)
    : Network(type, std::move(options)) {}

Layer CustomNetwork::track(Layer layer) {
  layers_.push_back(layer);
  return layer;
}

Metric CustomNetwork::track(Metric metric) {
  metrics_.push_back(metric);
  return metric;
}

metrics::Mean CustomNetwork::track(metrics::Mean metric) {
  means_.push_back(metric);
  return metric;
}

std::vector<Variable> CustomNetwork::metric_variables() const {
  std::vector<Variable> all;
  const auto add = [&](const std::vector<Variable>& some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  for (const Metric& metric : metrics_) add(metric->variables());
  for (const metrics::Mean& mean : means_) add(mean.variables());
  return all;
}

std::vector<Shape> CustomNetwork::layer_output_shapes(size_t index) const {
  const Layer& layer = layers_.at(index);
  return layer->built() ? layer->compute_output_shapes(layer->build_shapes())
                        : std::vector<Shape>{Shape{}};
}

Json CustomNetwork::get_config() const {
  throw UnsupportedError(
      {.where = where(),
       .what = "A network of a class of one's own has no config, unless it overrides get_config",
       .hint = "save its weights instead"});
}

std::vector<Shape> CustomNetwork::output_shapes(const std::vector<Shape>& input_shapes) const {
  std::string key;
  for (const Shape& shape : input_shapes) key += shape.to_string();
  if (const auto found = known_shapes_.find(key); found != known_shapes_.end()) {
    return found->second;
  }
  // Calling builds layers, as it would with values.
  auto& self = const_cast<CustomNetwork&>(*this);
  std::vector<TensorSpec> inputs;
  for (const Shape& shape : input_shapes) inputs.push_back({shape, compute_dtype()});
  std::vector<Shape> shapes;
  for (const TensorSpec& spec : probe_outputs(inputs, [&](const std::vector<Array>& x) {
         std::vector<Array> outputs = self.call_inputs(x, {});
         self.clear_losses();
         return outputs;
       })) {
    shapes.push_back(spec.shape);
  }
  return known_shapes_.emplace(key, std::move(shapes)).first->second;
}

void CustomNetwork::build_inputs(const std::vector<Shape>&) { evaluate_weights(); }

}  // namespace danlu
