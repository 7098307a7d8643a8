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
        config_(std::move(config)) {
    if constexpr (requires { config_.activity_regularizer; }) {
      set_activity_regularizer(config_.activity_regularizer);
    }
  }

  const Config& config() const { return config_; }
  Json get_config() const override {
    Config config = config_;
    config.name = name();
    config.dtype = dtype_policy().name;
    config.trainable = trainable();
    Json json = config_to_json(config);
    if (activity_regularizer().defined()) {
      json.set("activity_regularizer", to_json(activity_regularizer()));
    }
    return json;
  }

 protected:
  /// For constructors that bring fields into the form in which Keras keeps them.
  Config& mutable_config() { return config_; }

 private:
  Config config_;
};

}  // namespace danlu
