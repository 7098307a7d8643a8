#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "danlu/io/config.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/metric.h"

namespace danlu {

/// A metric that is described by a config struct with a `fields` visitor.
template <class Config>
class ConfiguredMetric : public MetricImpl {
 public:
  /// Without a name it is called "auc", "auc_1", …
  ConfiguredMetric(std::string_view class_name, Config config)
      : MetricImpl(config.name.empty() ? automatic_name(class_name) : config.name),
        class_name_(class_name),
        config_(std::move(config)) {
    config_.name = name();
  }

  std::string_view class_name() const override { return class_name_; }
  Json get_config() const override { return config_to_json(config_); }
  const Config& config() const { return config_; }

 private:
  std::string_view class_name_;
  Config config_;
};

}  // namespace danlu
