#include "danlu/optim/sgd.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

class SGDImpl final : public OptimizerImpl {
 public:
  explicit SGDImpl(const SGDConfig& c)
      : OptimizerImpl("SGD", {c.learning_rate, c.weight_decay, c.clipnorm, c.clipvalue,
                              c.global_clipnorm, c.name}),
        momentum_(c.momentum),
        nesterov_(c.nesterov) {
    if (!(momentum_ >= 0 && momentum_ <= 1)) {
      throw ValueError({.where = "SGD",
                        .what = "`momentum` is out of range",
                        .expected = "a number in [0, 1]",
                        .received = "momentum=" + number_text(momentum_)});
    }
  }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    if (momentum_ == 0) return;
    for (const Variable& variable : variables)
      velocities_.push_back(add_slot(variable, "momentum"));
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const Array change = gradient * scalars.learning_rate;
    if (momentum_ == 0) {
      variable.assign(variable - change);
      return;
    }
    Variable& velocity = velocities_[index];
    const Array moved = velocity * momentum_ - change;
    velocity.assign(moved);
    variable.assign(nesterov_ ? variable + (moved * momentum_ - change) : variable + moved);
  }

  double momentum_;
  bool nesterov_;
  std::vector<Variable> velocities_;
};

}  // namespace

SGD::SGD(SGDConfig config) : Optimizer(std::make_shared<SGDImpl>(config)) {}

}  // namespace danlu
