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
#include "danlu/optim/multi_optimizer.h"
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

Optimizer from_object(const Json& json) {
  return optimizer_from_config(json.at("class_name").as_string(), json.at("config"));
}

Optimizer make_loss_scale(const Json& config) {
  LossScaleOptimizerConfig own;
  const auto read = [&](const char* name, auto& value) {
    if (const Json* member = config.find(name)) from_json(*member, value);
  };
  read("initial_scale", own.initial_scale);
  read("dynamic_growth_steps", own.dynamic_growth_steps);
  read("name", own.name);
  return LossScaleOptimizer(from_object(config.at("inner_optimizer")), own);
}

Optimizer make_multi(const Json& config) {
  const Json& map = config.at("optimizer_map");
  if (map.at("class_name").as_string() != "OptimizerMap") {
    throw UnsupportedError({.where = "MultiOptimizer",
                            .what = "`optimizer_map` is a function of somebody's own",
                            .expected = "an OptimizerMap",
                            .received = map.at("class_name").dump()});
  }
  OptimizerMap own(from_object(map.at("config").at("default_optimizer")));
  for (const auto& [pattern, optimizer] : map.at("config").at("optimizer_map").members()) {
    own.set(pattern, from_object(optimizer));
  }
  MultiOptimizerConfig rest;
  if (const Json* factor = config.find("loss_scale_factor")) {
    from_json(*factor, rest.loss_scale_factor);
  }
  if (const Json* name = config.find("name")) from_json(*name, rest.name);
  return MultiOptimizer(std::move(own), rest);
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
  if (class_name == "MultiOptimizer") return make_multi(config);
  throw ValueError({.where = "optimizer_from_config",
                    .what = "There is no optimizer of this class",
                    .expected = "one of " + names + "LossScaleOptimizer, MultiOptimizer",
                    .received = "\"" + class_name + "\""});
}

}  // namespace danlu
