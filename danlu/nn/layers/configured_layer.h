#pragma once

#include <string_view>
#include <utility>

#include "danlu/nn/config_json.h"
#include "danlu/nn/layer.h"

namespace danlu {

/// A layer that is described by a config struct with a `fields` visitor.
template <class Config>
class ConfiguredLayer : public LayerImpl {
 public:
  ConfiguredLayer(std::string_view type, Config config)
      : LayerImpl(type, {config.name, config.dtype, config.trainable, config.input_shape}),
        config_(std::move(config)) {}

  const Config& config() const { return config_; }
  Json get_config() const override {
    Config config = config_;
    config.name = name();
    config.dtype = std::string(danlu::name(dtype()));
    config.trainable = trainable();
    return config_to_json(config);
  }

 private:
  Config config_;
};

}  // namespace danlu
