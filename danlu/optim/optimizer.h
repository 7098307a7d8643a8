#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/variable.h"
#include "danlu/optim/schedules.h"

namespace danlu {

/// What every optimizer's config ends with.
struct OptimizerOptions {
  LearningRate learning_rate = 0.01;
  std::optional<double> weight_decay;     ///< share of each weight that a step takes off
  std::optional<double> clipnorm;         ///< greatest norm of each gradient
  std::optional<double> clipvalue;        ///< greatest absolute value of an element
  std::optional<double> global_clipnorm;  ///< greatest norm of all gradients together
  std::string name;
};

/// What an optimizer is made of. A derived class makes its slots and says how one variable moves.
/// All arithmetic is lazy and alike for every variable, so that the compiler can merge the updates.
class OptimizerImpl {
 public:
  /// Errors: ValueError for a learning rate below 0, a clip bound that is not positive, or more
  /// than one kind of clipping.
  OptimizerImpl(std::string_view type, OptimizerOptions options);
  virtual ~OptimizerImpl() = default;
  OptimizerImpl(const OptimizerImpl&) = delete;
  OptimizerImpl& operator=(const OptimizerImpl&) = delete;

  const std::string& type() const { return type_; }
  const std::string& name() const { return options_.name; }

  /// Makes the slots for `variables`. Once only; applying does it by itself.
  /// Errors: StateError when it was built for other variables.
  void build(const std::vector<Variable>& variables);
  bool built() const { return built_; }

  /// One step: clips, decays, updates every variable and the slots, counts. `gradients[i]` belongs
  /// to `variables[i]`. Errors: ValueError when the numbers differ.
  void apply(std::span<const Array> gradients, const std::vector<Variable>& variables);

  /// One step as a pure function: (new variables, new optimizer variables).
  std::pair<std::vector<Array>, std::vector<Array>> stateless_apply(
      const std::vector<Array>& optimizer_variables, const std::vector<Array>& gradients,
      const std::vector<Array>& trainable_variables);

  /// Step count, learning rate and slots: everything a step changes or reads. Empty before `build`.
  const std::vector<Variable>& variables() const { return variables_; }
  /// Elements of all `variables()`.
  int64_t count_params() const;

  int64_t iterations() const;
  /// The rate that the next step uses.
  double learning_rate() const;
  /// Takes effect with the next step; nothing is compiled anew.
  /// Errors: StateError when the rate follows a schedule; ValueError when it is negative.
  void set_learning_rate(double value);

 protected:
  /// Scalars of one step, shared by all variables of one dtype.
  struct StepScalars {
    Array learning_rate;
    Array step;                 ///< 1 in the first step
    std::vector<Array> shared;  ///< what `begin_step` adds
  };

  virtual void build_slots(const std::vector<Variable>& variables) = 0;
  /// Called once a step and dtype, before `update_variable`: adds what all variables share.
  virtual void begin_step(StepScalars& /*scalars*/) {}
  virtual void update_variable(size_t index, Variable& variable, const Array& gradient,
                               const StepScalars& scalars) = 0;
  /// A zero-filled slot called "<variable>_<name>".
  Variable add_slot(const Variable& variable, std::string_view name);

 private:
  std::vector<Array> clip(std::span<const Array> gradients) const;

  std::string type_;
  OptimizerOptions options_;
  bool built_ = false;
  std::vector<Variable> trained_;
  std::vector<Variable> variables_;
  Variable iterations_, learning_rate_;
};

/// Values of a model's trainable weights, in order.
using Params = std::vector<Array>;

/// All that a training loop of one's own carries from step to step; a tree of Arrays, so that
/// `jit` and `value_and_grad` take it.
struct TrainState {
  Params params;             ///< values of `trainable_weights()`
  std::vector<Array> state;  ///< values of `non_trainable_variables()`
  std::vector<Array> slots;  ///< values of the optimizer's `variables()`

  template <class V>
  void tree(V&& visit) {
    visit(params), visit(state), visit(slots);
  }
};

/// A handle on an optimizer; copies share its state. Known names: "sgd", "adam".
class Optimizer {
 public:
  /// With the defaults. Errors: ValueError, which lists the names, when there is none of this name.
  Optimizer(const std::string& name);
  Optimizer(const char* name) : Optimizer(std::string(name)) {}
  explicit Optimizer(std::shared_ptr<OptimizerImpl> impl) : impl_(std::move(impl)) {}
  OptimizerImpl* operator->() const { return impl_.get(); }
  OptimizerImpl& operator*() const { return *impl_; }

  /// One step as a pure function: `s` with new parameters and slots, and with `state`.
  /// Errors: StateError before the slots exist; ValueError for wrong counts.
  TrainState update(const TrainState& s, const Params& gradients, std::vector<Array> state) const;

 private:
  std::shared_ptr<OptimizerImpl> impl_;
};

}  // namespace danlu
