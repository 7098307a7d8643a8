#include "danlu/optim/sgd.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

class SGDImpl final : public ConfiguredOptimizer<SGDConfig> {
 public:
  explicit SGDImpl(SGDConfig c) : ConfiguredOptimizer("SGD", std::move(c)) {
    if (!(config().momentum >= 0 && config().momentum <= 1)) {
      throw ValueError({.where = "SGD",
                        .what = "`momentum` is out of range",
                        .expected = "a number in [0, 1]",
                        .received = "momentum=" + number_text(config().momentum)});
    }
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    if (config().momentum == 0) return;
    velocities_ = std::move(add_slots(variables, {"momentum"})[0]);
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const double momentum = config().momentum;
    const Array change = gradient * scalars.learning_rate;
    if (momentum == 0) {
      variable.assign(variable - change);
      return;
    }
    Variable& velocity = velocities_[index];
    const Array moved = velocity * momentum - change;
    velocity.assign(moved);
    variable.assign(config().nesterov ? variable + (moved * momentum - change) : variable + moved);
  }

  std::vector<Variable> velocities_;
};

}  // namespace

SGD::SGD(SGDConfig config) : Optimizer(std::make_shared<SGDImpl>(std::move(config))) {}

}  // namespace danlu
