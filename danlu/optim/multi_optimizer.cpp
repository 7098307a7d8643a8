#include "danlu/optim/multi_optimizer.h"

#include <algorithm>
#include <regex>

#include "danlu/base/error.h"
#include "danlu/io/config.h"

namespace danlu {
namespace {

constexpr const char* kMap = "OptimizerMap";

void check_kind(const std::string& where, const Optimizer& optimizer) {
  const std::string& type = optimizer->type();
  if (type != "LossScaleOptimizer" && type != "MultiOptimizer") return;
  throw ValueError({.where = where,
                    .what = "This optimizer cannot be one of several",
                    .expected = "an optimizer that moves variables itself",
                    .received = type});
}

class MultiOptimizerImpl final : public OptimizerImpl {
 public:
  using Select = std::function<Optimizer(const Variable&)>;

  MultiOptimizerImpl(Select select, std::optional<OptimizerMap> map, const MultiOptimizerConfig& c)
      : OptimizerImpl(
            "MultiOptimizer",
            {.learning_rate = 0.0, .loss_scale_factor = c.loss_scale_factor, .name = c.name}),
        select_(std::move(select)),
        map_(std::move(map)) {
    if (!map_) return;
    for (const auto& [key, optimizer] : map_->entries()) place_of(optimizer);
    place_of(map_->default_optimizer());
  }

  std::vector<Optimizer> inner_optimizers() const override { return inner_; }

  Json get_config() const override {
    if (!map_) {
      throw UnsupportedError({.where = type(),
                              .what = "A function that selects optimizers cannot be written down",
                              .hint = "use an OptimizerMap"});
    }
    const auto object = [](const Optimizer& o) { return object_json(o->type(), o->get_config()); };
    Json entries = Json::object();
    for (const auto& [key, optimizer] : map_->entries()) entries.set(key, object(optimizer));
    const Json map =
        object_json(kMap, Json::object({{"default_optimizer", object(map_->default_optimizer())},
                                        {"optimizer_map", std::move(entries)}}));
    return Json::object({{"optimizer_map", map},
                         {"loss_scale_factor", to_json(loss_scale_factor())},
                         {"name", name()}});
  }

  void set_loss_scale_factor(std::optional<double> factor) override {
    OptimizerImpl::set_loss_scale_factor(factor);
    for (const Optimizer& optimizer : inner_) optimizer->set_loss_scale_factor(factor);
  }
  void finalize_variable_values(const std::vector<Variable>& variables) override {
    if (!built()) return;
    for (const auto& [optimizer, places] : shares())
      optimizer->finalize_variable_values(taken(variables, places));
  }
  double learning_rate() const override { refuse_rate(); }
  void set_learning_rate(double) override { refuse_rate(); }

 private:
  struct Share {
    Optimizer optimizer;
    std::vector<size_t> places;  ///< of its variables among all
  };

  [[noreturn]] void refuse_rate() const {
    throw StateError({.where = type(),
                      .what = "There is no one learning rate",
                      .hint = "ask each of its `optimizers()`"});
  }

  size_t place_of(const Optimizer& optimizer) {
    const auto found = std::find(inner_.begin(), inner_.end(), optimizer);
    if (found != inner_.end()) return static_cast<size_t>(found - inner_.begin());
    check_kind(type(), optimizer);
    optimizer->set_loss_scale_factor(loss_scale_factor());
    inner_.push_back(optimizer);
    return inner_.size() - 1;
  }

  void build_slots(const std::vector<Variable>& variables) override {
    for (const Variable& variable : variables) owners_.push_back(place_of(select_(variable)));
    for (const auto& [optimizer, places] : shares()) {
      optimizer->build(taken(variables, places));
      adopt(*optimizer);
    }
  }

  void step(std::span<const Array> gradients, const std::vector<Variable>& variables) override {
    for (const auto& [optimizer, places] : shares()) {
      if (places.empty()) continue;
      std::vector<Array> own;
      for (const size_t place : places) own.push_back(gradients[place]);
      optimizer->apply(own, taken(variables, places));
    }
    count_step();
  }

  void update_variable(size_t, Variable&, const Array&, const StepScalars&) override {}

  std::vector<Share> shares() const {
    std::vector<Share> all;
    for (const Optimizer& optimizer : inner_) all.push_back({optimizer, {}});
    for (size_t i = 0; i < owners_.size(); ++i) all[owners_[i]].places.push_back(i);
    return all;
  }
  static std::vector<Variable> taken(const std::vector<Variable>& variables,
                                     const std::vector<size_t>& places) {
    std::vector<Variable> own;
    for (const size_t place : places) own.push_back(variables.at(place));
    return own;
  }

  Select select_;
  std::optional<OptimizerMap> map_;
  std::vector<Optimizer> inner_;
  std::vector<size_t> owners_;  ///< of each variable the place of its optimizer in `inner_`
};

}  // namespace

OptimizerMap::OptimizerMap(Optimizer default_optimizer,
                           const std::vector<std::pair<std::string, Optimizer>>& optimizer_map)
    : default_(std::move(default_optimizer)) {
  check_kind(kMap, default_);
  for (const auto& [key, optimizer] : optimizer_map) set(key, optimizer);
}

void OptimizerMap::set(const std::string& key, const Optimizer& optimizer) {
  const auto same = [&](const auto& entry) { return entry.first == key; };
  if (std::any_of(entries_.begin(), entries_.end(), same)) {
    throw ValueError({.where = kMap,
                      .what = "There is an optimizer for this key already",
                      .received = "\"" + key + "\""});
  }
  internal::check_pattern(kMap, key);
  check_kind(kMap, optimizer);
  entries_.emplace_back(key, optimizer);
}

const Optimizer& OptimizerMap::at(const std::string& path) const {
  std::vector<const Optimizer*> found;
  std::string matching;
  for (const auto& [key, optimizer] : entries_) {
    if (key == path) return optimizer;
    if (!std::regex_match(path, std::regex(key))) continue;
    matching += (found.empty() ? "\"" : ", \"") + key + "\"";
    found.push_back(&optimizer);
  }
  if (found.empty()) return default_;
  if (found.size() == 1) return *found[0];
  throw ValueError({.where = kMap,
                    .what = "Several keys match the variable '" + path + "'",
                    .expected = "one at most",
                    .received = matching});
}

MultiOptimizer::MultiOptimizer(OptimizerMap optimizer_map, const MultiOptimizerConfig& config)
    : Optimizer(std::make_shared<MultiOptimizerImpl>(
          [optimizer_map](const Variable& v) { return optimizer_map.at(v.path()); }, optimizer_map,
          config)) {}

MultiOptimizer::MultiOptimizer(std::function<Optimizer(const Variable&)> select,
                               const MultiOptimizerConfig& config)
    : Optimizer(std::make_shared<MultiOptimizerImpl>(std::move(select), std::nullopt, config)) {}

std::vector<Optimizer> MultiOptimizer::optimizers() const { return (*this)->inner_optimizers(); }

}  // namespace danlu
