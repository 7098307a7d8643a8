#pragma once

#include <string_view>
#include <utility>

#include "danlu/io/config.h"
#include "danlu/optim/optimizer.h"

namespace danlu {

/// The fields that every optimizer's config has, in Keras's order.
template <class Self, class V>
void optimizer_fields(Self& c, V&& v) {
  v("name", c.name), v("learning_rate", c.learning_rate), v("weight_decay", c.weight_decay);
  v("clipnorm", c.clipnorm), v("global_clipnorm", c.global_clipnorm);
  v("clipvalue", c.clipvalue), v("use_ema", c.use_ema), v("ema_momentum", c.ema_momentum);
  v("ema_overwrite_frequency", c.ema_overwrite_frequency);
  v("loss_scale_factor", c.loss_scale_factor);
  v("gradient_accumulation_steps", c.gradient_accumulation_steps);
}

/// An optimizer that is described by a config struct with a `fields` visitor.
template <class Config>
class ConfiguredOptimizer : public OptimizerImpl {
 public:
  ConfiguredOptimizer(std::string_view type, Config c)
      : OptimizerImpl(type,
                      {c.learning_rate, c.weight_decay, c.clipnorm, c.clipvalue, c.global_clipnorm,
                       c.use_ema, c.ema_momentum, c.ema_overwrite_frequency, c.loss_scale_factor,
                       c.gradient_accumulation_steps, c.name}),
        config_(std::move(c)) {}

  const Config& config() const { return config_; }
  Json get_config() const override {
    Config config = config_;
    config.name = name();
    config.loss_scale_factor = loss_scale_factor();
    if (!config.learning_rate.is_schedule()) config.learning_rate = learning_rate();
    return config_to_json(config);
  }

 private:
  Config config_;
};

}  // namespace danlu
