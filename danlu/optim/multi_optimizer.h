#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/optim/optimizer.h"

namespace danlu {

/// Optimizers by regular expressions for the paths of variables ("encoder/.*"); each has to match
/// the whole path. A key that is the path itself goes before expressions.
class OptimizerMap {
 public:
  /// `default_optimizer` takes what no key matches. Errors: those of `set`.
  explicit OptimizerMap(Optimizer default_optimizer,
                        const std::vector<std::pair<std::string, Optimizer>>& optimizer_map = {});

  /// Errors: ValueError for a key that is there already or no regular expression, and for a
  /// LossScaleOptimizer or MultiOptimizer.
  void set(const std::string& key, const Optimizer& optimizer);
  /// Errors: ValueError when several expressions match.
  const Optimizer& at(const std::string& path) const;

  const Optimizer& default_optimizer() const { return default_; }
  const std::vector<std::pair<std::string, Optimizer>>& entries() const { return entries_; }

 private:
  Optimizer default_;
  std::vector<std::pair<std::string, Optimizer>> entries_;
};

struct MultiOptimizerConfig {
  std::optional<double> loss_scale_factor;  ///< takes the place of that of the optimizers inside
  std::string name;
};

/// Gives each variable to the optimizer that a map has for its path (`Variable::path`), or a
/// function for the variable. Clipping to a global norm and the like see the variables of their
/// optimizer only. It has no learning rate: `learning_rate` and `set_learning_rate` are
/// StateErrors. Errors: ValueError for a LossScaleOptimizer or MultiOptimizer inside.
class MultiOptimizer : public Optimizer {
 public:
  explicit MultiOptimizer(OptimizerMap optimizer_map, const MultiOptimizerConfig& config = {});
  /// What `select` gives for equal purposes has to be one optimizer, not equal ones. `get_config`
  /// of such a MultiOptimizer is an UnsupportedError.
  explicit MultiOptimizer(std::function<Optimizer(const Variable&)> select,
                          const MultiOptimizerConfig& config = {});

  /// Those inside, in the order in which their variables come in `variables()`; of a function those
  /// that it has given so far.
  std::vector<Optimizer> optimizers() const;
};

}  // namespace danlu
