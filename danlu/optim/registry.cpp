#include "danlu/optim/registry.h"

#include <array>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/optim/accumulating.h"
#include "danlu/optim/adafactor.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/adam_variants.h"
#include "danlu/optim/ftrl.h"
#include "danlu/optim/loss_scale.h"
#include "danlu/optim/muon.h"
#include "danlu/optim/sgd.h"

namespace danlu {
namespace {

struct Entry {
  const char* class_name;
  Optimizer (*make)(const Json&);
};

template <class O, class Config>
Optimizer make(const Json& config) {
  return O(config_from_json<Config>(config));
}

Optimizer make_loss_scale(const Json& config) {
  const Json& inner = config.at("inner_optimizer");
  LossScaleOptimizerConfig own;
  const auto read = [&](const char* name, auto& value) {
    if (const Json* member = config.find(name)) from_json(*member, value);
  };
  read("initial_scale", own.initial_scale);
  read("dynamic_growth_steps", own.dynamic_growth_steps);
  read("name", own.name);
  return LossScaleOptimizer(
      optimizer_from_config(inner.at("class_name").as_string(), inner.at("config")), own);
}

constexpr std::array kOptimizers = {
    Entry{"SGD", make<SGD, SGDConfig>},
    Entry{"RMSprop", make<RMSprop, RMSpropConfig>},
    Entry{"Adam", make<Adam, AdamConfig>},
    Entry{"AdamW", make<AdamW, AdamWConfig>},
    Entry{"Adadelta", make<Adadelta, AdadeltaConfig>},
    Entry{"Adagrad", make<Adagrad, AdagradConfig>},
    Entry{"Adamax", make<Adamax, AdamaxConfig>},
    Entry{"Adafactor", make<Adafactor, AdafactorConfig>},
    Entry{"Nadam", make<Nadam, NadamConfig>},
    Entry{"Ftrl", make<Ftrl, FtrlConfig>},
    Entry{"Lion", make<Lion, LionConfig>},
    Entry{"Lamb", make<Lamb, LambConfig>},
    Entry{"Muon", make<Muon, MuonConfig>},
    Entry{"ScheduleFreeAdamW", make<ScheduleFreeAdamW, ScheduleFreeAdamWConfig>},
};

Optimizer by_name(const std::string& name) {
  std::string names;
  for (const Entry& entry : kOptimizers) {
    const std::string known = to_lower(entry.class_name);
    if (to_lower(name) == known) return entry.make(Json::object());
    names += (names.empty() ? "" : ", ") + known;
  }
  throw ValueError({.where = "optimizer",
                    .what = "There is no optimizer of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

}  // namespace

Optimizer::Optimizer(const std::string& name) : Optimizer(by_name(name)) {}

Optimizer optimizer_from_config(const std::string& class_name, const Json& config) {
  std::string names;
  for (const Entry& entry : kOptimizers) {
    if (class_name == entry.class_name) return entry.make(config);
    names += std::string(entry.class_name) + ", ";
  }
  if (class_name == "LossScaleOptimizer") return make_loss_scale(config);
  throw ValueError({.where = "optimizer_from_config",
                    .what = "There is no optimizer of this class",
                    .expected = "one of " + names + "LossScaleOptimizer",
                    .received = "\"" + class_name + "\""});
}

}  // namespace danlu
