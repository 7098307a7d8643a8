#include "danlu/optim/accumulating.h"

#include <utility>

#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

/// `old` moved towards `fresh` by 1 − rho.
Array running(double rho, const Array& old, const Array& fresh) {
  return rho * old + (1 - rho) * fresh;
}

class AdagradImpl final : public ConfiguredOptimizer<AdagradConfig> {
 public:
  explicit AdagradImpl(AdagradConfig c) : ConfiguredOptimizer("Adagrad", std::move(c)) {}

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    for (const Variable& variable : variables) {
      accumulators_.push_back(
          add_slot(variable, "accumulator", config().initial_accumulator_value));
    }
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const Array sum_of_squares = accumulators_[index] + square(gradient);
    accumulators_[index].assign(sum_of_squares);
    variable.assign(variable -
                    scalars.learning_rate * gradient / sqrt(sum_of_squares + config().epsilon));
  }

  std::vector<Variable> accumulators_;
};

class AdadeltaImpl final : public ConfiguredOptimizer<AdadeltaConfig> {
 public:
  explicit AdadeltaImpl(AdadeltaConfig c) : ConfiguredOptimizer("Adadelta", std::move(c)) {}

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    auto slots = add_slots(variables, {"accumulated_grad", "accumulated_delta_var"});
    gradients_ = std::move(slots[0]), changes_ = std::move(slots[1]);
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const double rho = config().rho, epsilon = config().epsilon;
    Variable& squares = gradients_[index];
    Variable& changes = changes_[index];
    const Array mean_square = running(rho, squares, square(gradient));
    const Array change = -(sqrt(changes + epsilon) * gradient / sqrt(mean_square + epsilon));
    squares.assign(mean_square);
    changes.assign(running(rho, changes, square(change)));
    variable.assign(variable + scalars.learning_rate * change);
  }

  std::vector<Variable> gradients_, changes_;
};

class RMSpropImpl final : public ConfiguredOptimizer<RMSpropConfig> {
 public:
  explicit RMSpropImpl(RMSpropConfig c) : ConfiguredOptimizer("RMSprop", std::move(c)) {
    check_range("rho", config().rho, 0, 1);
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    velocities_ = std::move(add_slots(variables, {"velocity"})[0]);
    if (config().momentum > 0) momentums_ = std::move(add_slots(variables, {"momentum"})[0]);
    if (config().centered) means_ = std::move(add_slots(variables, {"average_gradient"})[0]);
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const RMSpropConfig& c = config();
    const Array mean_square = running(c.rho, velocities_[index], square(gradient));
    velocities_[index].assign(mean_square);
    Array spread = mean_square;
    if (c.centered) {
      const Array average = running(c.rho, means_[index], gradient);
      means_[index].assign(average);
      spread = mean_square - square(average);
    }
    Array change = scalars.learning_rate * gradient / sqrt(spread + c.epsilon);
    if (c.momentum > 0) {
      change = c.momentum * momentums_[index] + change;
      momentums_[index].assign(change);
    }
    variable.assign(variable - change);
  }

  std::vector<Variable> velocities_, momentums_, means_;
};

}  // namespace

Adagrad::Adagrad(AdagradConfig c) : Optimizer(std::make_shared<AdagradImpl>(std::move(c))) {}
Adadelta::Adadelta(AdadeltaConfig c) : Optimizer(std::make_shared<AdadeltaImpl>(std::move(c))) {}
RMSprop::RMSprop(RMSpropConfig c) : Optimizer(std::make_shared<RMSpropImpl>(std::move(c))) {}

}  // namespace danlu
