#include "danlu/optim/adam.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

class AdamImpl final : public OptimizerImpl {
 public:
  explicit AdamImpl(const AdamConfig& c)
      : OptimizerImpl("Adam", {c.learning_rate, c.weight_decay, c.clipnorm, c.clipvalue,
                               c.global_clipnorm, c.name}),
        config_(c) {
    check("beta_1", c.beta_1);
    check("beta_2", c.beta_2);
  }

 private:
  static void check(const char* field, double value) {
    if (value >= 0 && value < 1) return;
    throw ValueError({.where = "Adam",
                      .what = std::string("`") + field + "` is out of range",
                      .expected = "a number in [0, 1)",
                      .received = field + ("=" + number_text(value))});
  }

  void build_slots(const std::vector<Variable>& variables) override {
    for (const Variable& v : variables) momentums_.push_back(add_slot(v, "momentum"));
    for (const Variable& v : variables) velocities_.push_back(add_slot(v, "velocity"));
    if (!config_.amsgrad) return;
    for (const Variable& v : variables) greatest_.push_back(add_slot(v, "velocity_hat"));
  }

  /// The rate, corrected for the slots' start at zero.
  void begin_step(StepScalars& s) override {
    const DType dtype = s.step.dtype();
    const Array power_1 = power(Array::scalar(config_.beta_1, dtype), s.step);
    const Array power_2 = power(Array::scalar(config_.beta_2, dtype), s.step);
    s.shared = {s.learning_rate * sqrt(1.0 - power_2) / (1.0 - power_1)};
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    Variable& m = momentums_[index];
    Variable& v = velocities_[index];
    const Array momentum = m + (gradient - m) * (1 - config_.beta_1);
    Array velocity = v + (square(gradient) - v) * (1 - config_.beta_2);
    m.assign(momentum);
    v.assign(velocity);
    if (config_.amsgrad) {
      velocity = maximum(greatest_[index], velocity);
      greatest_[index].assign(velocity);
    }
    variable.assign(variable - momentum * scalars.shared[0] / (sqrt(velocity) + config_.epsilon));
  }

  AdamConfig config_;
  std::vector<Variable> momentums_, velocities_, greatest_;
};

}  // namespace

Adam::Adam(AdamConfig config) : Optimizer(std::make_shared<AdamImpl>(config)) {}

}  // namespace danlu
