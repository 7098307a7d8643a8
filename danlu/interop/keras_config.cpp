#include "danlu/interop/keras_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/losses.h"
#include "danlu/nn/metrics.h"
#include "danlu/nn/network.h"
#include "danlu/nn/operation.h"

namespace danlu {
namespace {

/// {"module": …, "class_name": …, "config": …, "registered_name": null}
Json object_of(const char* module, const std::string& class_name, Json config) {
  return Json::object(
      {{"module", module},
       {"class_name",
        class_name == kGroupedAttention.defined ? kGroupedAttention.exported : class_name},
       {"config", std::move(config)},
       {"registered_name", nullptr}});
}

bool is_object_json(const Json& json) {
  return json.is_object() && json.contains("class_name") && json.contains("config");
}

/// The module of an object that stands in a config under this key.
const char* module_under(std::string_view key) {
  struct Ending {
    std::string_view text;
    const char* module;
  };
  constexpr std::array kEndings = {
      Ending{"_initializer", "keras.initializers"},
      Ending{"_regularizer", "keras.regularizers"},
      Ending{"_constraint", "keras.constraints"},
      Ending{"learning_rate", "keras.optimizers.schedules"},
      Ending{"optimizer", "keras.optimizers"},
      Ending{"optimizer_map", "keras.optimizers"},
  };
  for (const auto& [text, module] : kEndings) {
    if (key.ends_with(text)) return module;
  }
  return "keras.layers";
}

Json with_modules(const Json& value, std::string_view key);

/// A config with the objects in it as Keras writes them.
Json config_with_modules(const Json& config) {
  Json out = Json::object();
  for (const auto& [key, value] : config.members()) {
    if (key == "input_shape") continue;  // Keras has the shape in the InputLayer
    if (key == "dtype" && value.is_string() && !config.contains("batch_shape")) {
      out.set(key, object_of("keras", "DTypePolicy", Json::object({{"name", value}})));
    } else {
      out.set(key, with_modules(value, key));
    }
  }
  return out;
}

Json with_modules(const Json& value, std::string_view key) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value.items()) out.push_back(with_modules(item, key));
    return out;
  }
  if (value.is_object() && !is_object_json(value)) {  // objects by names
    Json out = Json::object();
    for (const auto& [name, item] : value.members()) out.set(name, with_modules(item, key));
    return out;
  }
  if (!is_object_json(value) || value.contains("module")) return value;
  const std::string& class_name = value.at("class_name").as_string();
  if (class_name == "custom" || class_name == "Custom") {
    throw UnsupportedError({.where = std::string(key),
                            .what = "A function of one's own cannot be written to a file",
                            .hint = "use one that has a name in Keras"});
  }
  Json out = object_of(module_under(key), class_name, config_with_modules(value.at("config")));
  if (const Json* number = value.find("shared_object_id")) out.set("shared_object_id", *number);
  return out;
}

Json batch_shapes(const std::vector<Shape>& shapes) {
  if (shapes.size() == 1) return to_json(OptionalShape(shapes[0]));
  Json all = Json::array();
  for (const Shape& shape : shapes) all.push_back(to_json(OptionalShape(shape)));
  return all;
}

const Layer* find_layer(const Network& network, const std::string& name) {
  for (const Layer& layer : network.operations()) {
    if (layer.name() == name) return &layer;
  }
  return nullptr;
}

void require_named_activation(const Json& config, const std::string& where) {
  for (const auto& [key, value] : config.members()) {
    if (!key.ends_with("activation") || !value.is_string() || value.as_string() != "custom") {
      continue;
    }
    throw UnsupportedError({.where = where,
                            .what = "A function of one's own cannot be written to a file",
                            .expected = "`" + key + "` by its name in Keras",
                            .received = "a function"});
  }
}

Json network_config(const Network& network) {
  Json config = network.get_config();
  Json layers = Json::array();
  for (const Json& entry : config.at("layers").items()) {
    const Json& inner = entry.at("config");
    const Layer* layer = find_layer(network, inner.at("name").as_string());
    Json written = layer != nullptr ? keras_layer_config(*layer)
                                    : object_of("keras.layers", entry.at("class_name").as_string(),
                                                config_with_modules(inner));
    for (const char* key : {"name", "inbound_nodes", "shared_object_id"}) {
      if (const Json* value = entry.find(key)) written.set(key, *value);
    }
    layers.push_back(std::move(written));
  }
  if (config.contains("dtype")) {
    config.set("dtype",
               object_of("keras", "DTypePolicy", Json::object({{"name", config.at("dtype")}})));
  }
  config.set("layers", std::move(layers));
  return config;
}

[[noreturn]] void refuse_own(const std::string& what) {
  throw UnsupportedError(
      {.where = what, .what = "A function of one's own cannot be written to a file"});
}

Json written(const Loss& loss) {
  if (loss.class_name().empty()) refuse_own("loss");
  return object_of("keras.losses", loss.class_name(), config_with_modules(loss.get_config()));
}

Json written(const Metric& metric) {
  if (metric->name() == "accuracy" || metric->name() == "acc") return metric->name();
  if (metric->class_name().empty()) refuse_own("metrics");
  return object_of("keras.metrics", std::string(metric->class_name()),
                   config_with_modules(metric->get_config()));
}

Json written(const MetricList& metrics) {
  if (metrics.size() == 1) return written(metrics[0]);
  Json all = Json::array();
  for (const Metric& metric : metrics) all.push_back(written(metric));
  return all;
}

Json written(double weight) { return weight; }

/// A value, a list, or an object by the outputs' names; null where there is nothing.
template <class T>
Json written(const PerOutput<T>& values) {
  if (values.empty()) return {};
  const auto one = [](const auto& entry) { return entry.value ? written(*entry.value) : Json(); };
  if (!values.is_list()) return one(values.entries()[0]);
  Json list = Json::array(), named = Json::object();
  for (const auto& entry : values.entries()) {
    if (entry.output.empty()) {
      list.push_back(one(entry));
    } else {
      named.set(entry.output, one(entry));
    }
  }
  return named.size() > 0 ? named : list;
}

Json compile_json(const CompileConfig& config) {
  const Json settings = config.optimizer->get_config();
  if (const Json* rate = settings.find("learning_rate"); rate != nullptr && rate->is_object()) {
    if (rate->at("class_name").as_string() == "custom") refuse_own("learning_rate");
  }
  return Json::object({{"optimizer", object_of("keras.optimizers", config.optimizer->type(),
                                               config_with_modules(settings))},
                       {"loss", written(config.loss)},
                       {"loss_weights", written(config.loss_weights)},
                       {"metrics", written(config.metrics)},
                       {"weighted_metrics", written(config.weighted_metrics)},
                       {"run_eagerly", false},
                       {"steps_per_execution", config.steps_per_execution},
                       {"jit_compile", "auto"}});
}

}  // namespace

Json keras_layer_config(const Layer& layer) {
  if (const OperationLayer* operation = as_operation(layer)) {
    Json written = object_of("", layer->type(), operation->get_config());
    written.set("module", std::string(kOperationModule) + operation->operation().module);
    written.set("registered_name", layer->type());
    return written;
  }
  const auto* network = dynamic_cast<const Network*>(layer.impl().get());
  if (network == nullptr) {
    const Json config = layer->get_config();
    require_named_activation(config, layer->where());
    Json written = with_error_context(layer->where(), [&] {
      return object_of("keras.layers", layer->type(), config_with_modules(config));
    });
    if (layer->built() && !layer->weights().empty() && layer->input_arguments().size() == 1) {
      written.set("build_config",
                  Json::object({{"input_shape", batch_shapes(layer->build_shapes())}}));
    }
    return written;
  }
  const bool sequential = layer->type() == "Sequential";
  Json config = network_config(*network);
  if (sequential && network->built()) {
    config.set("build_input_shape", batch_shapes(network->input_shapes()));
  }
  Json written = object_of(sequential ? "keras" : "keras.src.models.functional", layer->type(),
                           std::move(config));
  if (!sequential) written.set("registered_name", layer->type());
  if (network->built()) {
    written.set("build_config",
                Json::object({{"input_shape", batch_shapes(network->input_shapes())}}));
  }
  return written;
}

Json keras_compile_config(const CompileConfig& config) {
  try {
    return compile_json(config);
  } catch (const UnsupportedError&) {
    return {};
  }
}

}  // namespace danlu
