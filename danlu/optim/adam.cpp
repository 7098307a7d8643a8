#include "danlu/optim/adam.h"

#include <string_view>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

template <class Config>
class AdamImpl final : public ConfiguredOptimizer<Config> {
 public:
  AdamImpl(std::string_view type, Config config)
      : ConfiguredOptimizer<Config>(type, std::move(config)), config_(this->config()) {
    this->check_range("beta_1", config_.beta_1, 0, 1);
    this->check_range("beta_2", config_.beta_2, 0, 1);
  }

 private:
  using StepScalars = OptimizerImpl::StepScalars;

  void build_slots(const std::vector<Variable>& variables) override {
    auto slots = this->add_slots(variables, {"momentum", "velocity"});
    momentums_ = std::move(slots[0]), velocities_ = std::move(slots[1]);
    if (!config_.amsgrad) return;
    greatest_ = std::move(this->add_slots(variables, {"velocity_hat"})[0]);
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

  const Config& config_;
  std::vector<Variable> momentums_, velocities_, greatest_;
};

}  // namespace

Adam::Adam(AdamConfig config)
    : Optimizer(std::make_shared<AdamImpl<AdamConfig>>("Adam", std::move(config))) {}

AdamW::AdamW(AdamWConfig config)
    : Optimizer(std::make_shared<AdamImpl<AdamWConfig>>("AdamW", config)) {
  if (config.weight_decay) return;
  throw ValueError({.where = "AdamW",
                    .what = "There is no weight decay",
                    .expected = "a number as `weight_decay`",
                    .hint = "Adam works without one"});
}

}  // namespace danlu
