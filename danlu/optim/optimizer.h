#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/variable.h"
#include "danlu/io/json.h"
#include "danlu/optim/learning_rate.h"

namespace danlu {

/// What every optimizer's config holds besides the optimizer's own numbers.
struct OptimizerOptions {
  LearningRate learning_rate = 0.01;
  std::optional<double> weight_decay;     ///< share of each weight that a step takes off
  std::optional<double> clipnorm;         ///< greatest norm of each gradient
  std::optional<double> clipvalue;        ///< greatest absolute value of an element
  std::optional<double> global_clipnorm;  ///< greatest norm of all gradients together
  bool use_ema = false;                   ///< keep an exponential moving average of each weight
  double ema_momentum = 0.99;             ///< in [0, 1]
  std::optional<int64_t> ema_overwrite_frequency;  ///< every so many steps the weights become it
  std::optional<double> loss_scale_factor;  ///< the loss is multiplied, gradients divided by it
  std::optional<int64_t> gradient_accumulation_steps;  ///< ≥ 2: steps whose mean is one update
  std::string name;
};

class Optimizer;

/// What an optimizer is made of. A derived class makes its slots and says how one variable moves.
/// All arithmetic is lazy and alike for every variable, so that the compiler can merge the updates.
class OptimizerImpl {
 public:
  /// Errors: ValueError for a learning rate below 0, a clip bound that is not positive, more than
  /// one kind of clipping, and the other options outside their ranges.
  OptimizerImpl(std::string_view type, OptimizerOptions options);
  virtual ~OptimizerImpl() = default;
  OptimizerImpl(const OptimizerImpl&) = delete;
  OptimizerImpl& operator=(const OptimizerImpl&) = delete;

  const std::string& type() const { return type_; }
  const std::string& name() const { return options_.name; }
  /// The config as Keras's `get_config` gives it, with the present learning rate.
  virtual Json get_config() const = 0;

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

  /// `loss` as the gradients have to be taken of it: scaled where the optimizer unscales them.
  virtual Array scale_loss(const Array& loss) const;
  /// What the loss is multiplied by and the gradients are divided by; nothing: neither.
  const std::optional<double>& loss_scale_factor() const { return options_.loss_scale_factor; }
  virtual void set_loss_scale_factor(std::optional<double> factor) {
    options_.loss_scale_factor = factor;
  }
  /// Ends a training: with `use_ema` the variables become their averages.
  virtual void finalize_variable_values(const std::vector<Variable>& variables);

  /// Leaves `variables`, and those in whose name one of the regular expressions `names` is found,
  /// out of the weight decay. Errors: StateError once the optimizer is built; ValueError for a text
  /// that is no regular expression.
  void exclude_from_weight_decay(const std::vector<Variable>& variables,
                                 const std::vector<std::string>& names = {});

  /// Step count, learning rate and slots in Keras's order: everything a step changes or reads.
  /// Empty before `build`.
  const std::vector<Variable>& variables() const { return variables_; }
  /// Elements of all `variables()`.
  int64_t count_params() const;
  /// Those it hands steps on to; their variables are among its own.
  virtual std::vector<Optimizer> inner_optimizers() const;

  /// Updates made so far: steps, or with gradient accumulation groups of steps.
  virtual int64_t iterations() const;
  /// The rate that the next step uses.
  virtual double learning_rate() const;
  /// Takes effect with the next step; nothing is compiled anew.
  /// Errors: StateError when the rate follows a schedule; ValueError when it is negative.
  virtual void set_learning_rate(double value);

 protected:
  /// Scalars of one step, shared by all variables of one dtype.
  struct StepScalars {
    Array learning_rate;
    Array step;                 ///< 1 in the first update
    std::vector<Array> shared;  ///< what `begin_step` adds
  };

  virtual void build_slots(const std::vector<Variable>& variables) = 0;
  /// Called once a step and dtype, before `update_variable`: adds what all variables share.
  virtual void begin_step(StepScalars& /*scalars*/) {}
  virtual void update_variable(size_t index, Variable& variable, const Array& gradient,
                               const StepScalars& scalars) = 0;
  /// What happens to the variables in a step, before it is counted.
  virtual void step(std::span<const Array> gradients, const std::vector<Variable>& variables);
  virtual std::optional<double> weight_decay_of(const Variable&) const {
    return options_.weight_decay;
  }

  const OptimizerOptions& options() const { return options_; }
  /// A slot of the variable's shape, filled with `initial`, called "<variable>_<name>".
  Variable add_slot(const Variable& variable, std::string_view name, double initial = 0);
  /// Any other variable of the optimizer's own.
  Variable add_variable(const Array& initial, std::string_view name);
  /// Slots of each name for all variables. As in Keras, those of one variable are neighbours.
  template <size_t N>
  std::array<std::vector<Variable>, N> add_slots(const std::vector<Variable>& variables,
                                                 const std::string_view (&names)[N]) {
    std::array<std::vector<Variable>, N> slots;
    for (const Variable& variable : variables) {
      for (size_t i = 0; i < N; ++i) slots[i].push_back(add_slot(variable, names[i]));
    }
    return slots;
  }
  /// Counts the variables of another optimizer among one's own.
  void adopt(const OptimizerImpl& inner);
  /// Counts a step, as the default `step` does at its end.
  void count_step();
  /// Errors: ValueError unless low <= value < high.
  void check_range(const char* field, double value, double low, double high) const;
  /// Errors: ValueError when there is a value less than `least`.
  void check_at_least(const char* field, const std::optional<int64_t>& value, int64_t least) const;

 private:
  std::vector<Array> clip_gradients(std::span<const Array> gradients) const;
  void accumulate(std::span<const Array> gradients, const std::vector<Variable>& variables);
  void update(std::span<const Array> gradients, const std::vector<Variable>& variables);
  void move_averages(const std::vector<Variable>& variables);
  bool decays(const Variable& variable) const;
  /// Updates before this step.
  Array updates() const;

  std::string type_;
  OptimizerOptions options_;
  bool built_ = false;
  std::vector<Variable> trained_;
  std::vector<Variable> variables_;
  Variable iterations_, learning_rate_;
  std::vector<Variable> averages_, accumulators_;
  std::vector<Variable> undecayed_;
  std::string undecayed_names_;
};

namespace internal {
/// Runs `body`, and takes back what it assigned to `variables` where `condition` is false.
void assign_if(const Array& condition, std::vector<Variable> variables,
               const std::function<void()>& body);
/// Errors: ValueError unless `pattern` is a regular expression.
void check_pattern(const std::string& where, const std::string& pattern);
/// Whether the regular expression is found anywhere in `text`.
bool has_match(const std::string& text, const std::string& pattern);
}  // namespace internal

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

/// A handle on an optimizer; copies share its state. Known names: sgd, rmsprop, adam, adamw,
/// adadelta, adagrad, adamax, adafactor, nadam, ftrl, lion, lamb, muon, schedulefreeadamw, in any
/// case.
class Optimizer {
 public:
  /// With the defaults. Errors: ValueError, which lists the names, when there is none of this name.
  Optimizer(const std::string& name);
  Optimizer(const char* name) : Optimizer(std::string(name)) {}
  explicit Optimizer(std::shared_ptr<OptimizerImpl> impl) : impl_(std::move(impl)) {}
  OptimizerImpl* operator->() const { return impl_.get(); }
  OptimizerImpl& operator*() const { return *impl_; }
  friend bool operator==(const Optimizer& a, const Optimizer& b) { return a.impl_ == b.impl_; }

  /// One step as a pure function: `s` with new parameters and slots, and with `state`.
  /// Errors: StateError before the slots exist; ValueError for wrong counts.
  TrainState update(const TrainState& s, const Params& gradients, std::vector<Array> state) const;

 private:
  std::shared_ptr<OptimizerImpl> impl_;
};

}  // namespace danlu
