#include "danlu/nn/layers/registry.h"

#include <array>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/activation.h"
#include "danlu/nn/layers/conv2d.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/pooling2d.h"
#include "danlu/nn/layers/reshape.h"

namespace danlu {
namespace {

struct Entry {
  const char* class_name;
  Layer (*make)(const Json&);
};

template <class L, class Config>
Layer make(const Json& config) {
  return L(config_from_json<Config>(config));
}

Layer make_functional(const Json& config) { return Layer(functional_from_config(config)); }
Layer make_sequential(const Json& config) { return Layer(sequential_from_config(config)); }

constexpr std::array kLayers = {
    Entry{"Functional", make_functional},
    Entry{"Sequential", make_sequential},
    Entry{"InputLayer", input_from_config},
    Entry{"Dense", make<Dense, DenseConfig>},
    Entry{"Conv2D", make<Conv2D, Conv2DConfig>},
    Entry{"MaxPooling2D", make<MaxPooling2D, Pooling2DConfig>},
    Entry{"AveragePooling2D", make<AveragePooling2D, Pooling2DConfig>},
    Entry{"Flatten", make<Flatten, FlattenConfig>},
    Entry{"Reshape", make<Reshape, ReshapeConfig>},
    Entry{"Activation", make<Activation, ActivationConfig>},
    Entry{"ReLU", make<ReLU, ReLUConfig>},
    Entry{"Softmax", make<Softmax, SoftmaxConfig>},
    Entry{"Dropout", make<Dropout, DropoutConfig>},
};

/// Keras writes a dtype policy as an object; its name says as much.
Json with_plain_dtype(Json config) {
  const Json* policy = config.find("dtype");
  if (policy == nullptr || !policy->is_object()) return config;
  const Json name = policy->at("config").at("name");
  config.set("dtype", name);
  return config;
}

}  // namespace

Layer layer_from_config(const std::string& class_name, const Json& config) {
  std::string names;
  for (const Entry& entry : kLayers) {
    if (class_name == entry.class_name) return entry.make(with_plain_dtype(config));
    names += (names.empty() ? "" : ", ") + std::string(entry.class_name);
  }
  throw ValueError({.where = "layer_from_config",
                    .what = "There is no layer of this class",
                    .expected = "one of " + names,
                    .received = "\"" + class_name + "\""});
}

Json serialize(const Layer& layer) {
  return Json::object({{"class_name", layer->type()}, {"config", layer->get_config()}});
}

Layer clone(const Layer& layer) { return layer_from_config(layer->type(), layer->get_config()); }

}  // namespace danlu
