#include "danlu/optim/adam_variants.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// `old` moved towards `fresh` by 1 − beta.
Array running(double beta, const Array& old, const Array& fresh) {
  return old + (fresh - old) * (1 - beta);
}

/// The same with beta rounded to the dtype before 1 − beta is taken, as Keras does in some
/// optimizers: in float32, 1.3e-5 away for 0.999.
Array running_rounded(double beta, const Array& old, const Array& fresh) {
  return old + (fresh - old) * (1.0 - Array::scalar(beta, fresh.dtype()));
}

/// 1 − betaᵗ: the share that a running mean from 0 has gathered.
Array gathered(double beta, const Array& step) {
  return 1.0 - power(Array::scalar(beta, step.dtype()), step);
}

void check_share(const OptimizerImpl& optimizer, const char* field, double value) {
  if (value > 0 && value <= 1) return;
  throw ValueError({.where = optimizer.type(),
                    .what = std::string("`") + field + "` is out of range",
                    .expected = "a number in (0, 1]",
                    .received = field + ("=" + number_text(value))});
}

class AdamaxImpl final : public ConfiguredOptimizer<AdamaxConfig> {
 public:
  explicit AdamaxImpl(AdamaxConfig c) : ConfiguredOptimizer("Adamax", std::move(c)) {
    check_range("beta_1", config().beta_1, 0, 1);
    check_range("beta_2", config().beta_2, 0, 1);
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    auto slots = add_slots(variables, {"momentum", "norm"});
    momentums_ = std::move(slots[0]), norms_ = std::move(slots[1]);
  }

  void begin_step(StepScalars& s) override { s.shared = {gathered(config().beta_1, s.step)}; }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const Array m = running(config().beta_1, momentums_[index], gradient);
    const Array u = maximum(config().beta_2 * norms_[index], abs(gradient));
    momentums_[index].assign(m);
    norms_[index].assign(u);
    variable.assign(variable -
                    scalars.learning_rate * m / (scalars.shared[0] * (u + config().epsilon)));
  }

  std::vector<Variable> momentums_, norms_;
};

class NadamImpl final : public ConfiguredOptimizer<NadamConfig> {
 public:
  explicit NadamImpl(NadamConfig c) : ConfiguredOptimizer("Nadam", std::move(c)) {
    check_range("beta_1", config().beta_1, 0, 1);
    check_range("beta_2", config().beta_2, 0, 1);
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    auto slots = add_slots(variables, {"momentum", "velocity"});
    momentums_ = std::move(slots[0]), velocities_ = std::move(slots[1]);
    const DType dtype = variables.empty() ? DType::float32 : variables[0].dtype();
    product_ = add_variable(Array::scalar(1.0, dtype), "u_product");
  }

  /// The momentum of step `t`.
  Array momentum_of(const Array& t) const {
    return config().beta_1 * (1.0 - 0.5 * power(Array::scalar(0.96, t.dtype()), t));
  }

  void begin_step(StepScalars& s) override {
    const Array u = momentum_of(s.step), next = momentum_of(s.step + 1.0);
    if (s.step.dtype() == product_.dtype()) product_.assign(product_ * u);
    const Array product = cast(product_, s.step.dtype());
    s.shared = {next / (1.0 - product * next), (1.0 - u) / (1.0 - product),
                gathered(config().beta_2, s.step)};
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const Array m = running_rounded(config().beta_1, momentums_[index], gradient);
    const Array v = running_rounded(config().beta_2, velocities_[index], square(gradient));
    momentums_[index].assign(m);
    velocities_[index].assign(v);
    const Array ahead = scalars.shared[0] * m + scalars.shared[1] * gradient;
    variable.assign(variable - ahead * scalars.learning_rate /
                                   (sqrt(v / scalars.shared[2]) + config().epsilon));
  }

  std::vector<Variable> momentums_, velocities_;
  Variable product_;
};

class LambImpl final : public ConfiguredOptimizer<LambConfig> {
 public:
  explicit LambImpl(LambConfig c) : ConfiguredOptimizer("Lamb", std::move(c)) {
    check_range("beta_1", config().beta_1, 0, 1);
    check_range("beta_2", config().beta_2, 0, 1);
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    auto slots = add_slots(variables, {"momentum", "velocity"});
    momentums_ = std::move(slots[0]), velocities_ = std::move(slots[1]);
  }

  void begin_step(StepScalars& s) override {
    s.shared = {gathered(config().beta_1, s.step), gathered(config().beta_2, s.step)};
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const Array m = running(config().beta_1, momentums_[index], gradient);
    const Array v = running(config().beta_2, velocities_[index], square(gradient));
    momentums_[index].assign(m);
    velocities_[index].assign(v);
    const Array change = m / scalars.shared[0] / (sqrt(v / scalars.shared[1]) + config().epsilon);
    const Array size = sqrt(sum(square(variable))), step = sqrt(sum(square(change)));
    const Array ratio = where(size > 0.0 && step > 0.0, size / step, 1.0);
    variable.assign(variable - ratio * scalars.learning_rate * change);
  }

  std::vector<Variable> momentums_, velocities_;
};

class LionImpl final : public ConfiguredOptimizer<LionConfig> {
 public:
  explicit LionImpl(LionConfig c) : ConfiguredOptimizer("Lion", std::move(c)) {
    check_share(*this, "beta_1", config().beta_1);
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    momentums_ = std::move(add_slots(variables, {"momentum"})[0]);
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const double beta_1 = config().beta_1, beta_2 = config().beta_2;
    Variable& m = momentums_[index];
    variable.assign(variable - scalars.learning_rate * sign(m * beta_1 + gradient * (1 - beta_1)));
    m.assign(m * beta_2 + gradient * (1 - beta_2));
  }

  std::vector<Variable> momentums_;
};

class ScheduleFreeImpl final : public ConfiguredOptimizer<ScheduleFreeAdamWConfig> {
 public:
  explicit ScheduleFreeImpl(ScheduleFreeAdamWConfig c)
      : ConfiguredOptimizer("ScheduleFreeAdamW", std::move(c)) {
    check_share(*this, "beta_1", config().beta_1);
    check_range("beta_2", config().beta_2, 0, 1);
    check_at_least("warmup_steps", config().warmup_steps, 0);
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    auto slots = add_slots(variables, {"momentum", "velocity"});
    sequences_ = std::move(slots[0]), velocities_ = std::move(slots[1]);
    for (size_t i = 0; i < variables.size(); ++i) sequences_[i].assign(variables[i]);
  }

  void begin_step(StepScalars& s) override {
    Array rate = s.learning_rate;
    if (config().warmup_steps > 0) {
      rate = rate * minimum(s.step / static_cast<double>(config().warmup_steps), 1.0);
    }
    s.shared = {rate, gathered(config().beta_2, s.step), 1.0 / s.step};
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const double beta_1 = config().beta_1;
    const Array v = running_rounded(config().beta_2, velocities_[index], square(gradient));
    velocities_[index].assign(v);
    const Array change =
        scalars.shared[0] * gradient / (sqrt(v / scalars.shared[1]) + config().epsilon);
    const Array before = sequences_[index], after = before - change;
    sequences_[index].assign(after);
    const Array& share = scalars.shared[2];
    const Array mean = (variable - (1 - beta_1) * before) / beta_1;
    const Array moved = (1.0 - share) * mean + share * after;
    variable.assign((1 - beta_1) * after + beta_1 * moved);
  }

  std::vector<Variable> sequences_, velocities_;
};

}  // namespace

Adamax::Adamax(AdamaxConfig c) : Optimizer(std::make_shared<AdamaxImpl>(std::move(c))) {}
Nadam::Nadam(NadamConfig c) : Optimizer(std::make_shared<NadamImpl>(std::move(c))) {}
Lamb::Lamb(LambConfig c) : Optimizer(std::make_shared<LambImpl>(std::move(c))) {}
Lion::Lion(LionConfig c) : Optimizer(std::make_shared<LionImpl>(std::move(c))) {}
ScheduleFreeAdamW::ScheduleFreeAdamW(ScheduleFreeAdamWConfig c)
    : Optimizer(std::make_shared<ScheduleFreeImpl>(std::move(c))) {}

}  // namespace danlu
