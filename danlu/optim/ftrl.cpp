#include "danlu/optim/ftrl.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

class FtrlImpl final : public ConfiguredOptimizer<FtrlConfig> {
 public:
  explicit FtrlImpl(FtrlConfig given) : ConfiguredOptimizer("Ftrl", std::move(given)) {
    const FtrlConfig& c = config();
    check("initial_accumulator_value", c.initial_accumulator_value, 1);
    check("learning_rate_power", c.learning_rate_power, -1);
    check("l1_regularization_strength", c.l1_regularization_strength, 1);
    check("l2_regularization_strength", c.l2_regularization_strength, 1);
    check("l2_shrinkage_regularization_strength", c.l2_shrinkage_regularization_strength, 1);
  }

 private:
  static void check(const char* field, double value, int sign) {
    if (value * sign >= 0) return;
    throw ValueError({.where = "Ftrl",
                      .what = std::string("`") + field + "` has the wrong sign",
                      .expected = sign > 0 ? "a number of at least 0" : "a number of at most 0",
                      .received = field + ("=" + number_text(value))});
  }

  void build_slots(const std::vector<Variable>& variables) override {
    for (const Variable& variable : variables) {
      accumulators_.push_back(
          add_slot(variable, "accumulator", config().initial_accumulator_value));
      linears_.push_back(add_slot(variable, "linear"));
    }
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const FtrlConfig& c = config();
    const Array& rate = scalars.learning_rate;
    const Array old = accumulators_[index], fresh = old + square(gradient);
    const Array old_power = power(old, -c.learning_rate_power);
    const Array fresh_power = power(fresh, -c.learning_rate_power);
    const Array pull = gradient + 2 * c.l2_shrinkage_regularization_strength * variable;
    const Array linear = linears_[index] + (pull - (fresh_power - old_power) / rate * variable);
    const Array quadratic =
        fresh_power / rate + 2.0 * (c.l2_regularization_strength + c.beta / (2.0 * rate));
    const double bound = c.l1_regularization_strength;
    accumulators_[index].assign(fresh);
    linears_[index].assign(linear);
    variable.assign((clip(linear, -bound, bound) - linear) / quadratic);
  }

  std::vector<Variable> accumulators_, linears_;
};

}  // namespace

Ftrl::Ftrl(FtrlConfig c) : Optimizer(std::make_shared<FtrlImpl>(std::move(c))) {}

}  // namespace danlu
