#include "danlu/optim/muon.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

class MuonImpl final : public ConfiguredOptimizer<MuonConfig> {
 public:
  explicit MuonImpl(MuonConfig c) : ConfiguredOptimizer("Muon", std::move(c)) {
    for (const std::string& pattern : config().exclude_layers) {
      internal::check_pattern("Muon", pattern);
    }
    check_range("adam_beta_1", config().adam_beta_1, 0, 1);
    check_range("adam_beta_2", config().adam_beta_2, 0, 1);
    check_at_least("ns_steps", config().ns_steps, 0);
  }

 private:
  bool by_adam(const Variable& variable) const {
    if (variable.shape().rank() != 2) return true;
    const std::string& name = variable.name();
    if (config().exclude_embeddings && to_lower(name).find("embedding") != std::string::npos) {
      return true;
    }
    return std::any_of(
        config().exclude_layers.begin(), config().exclude_layers.end(),
        [&](const std::string& pattern) { return internal::has_match(name, pattern); });
  }

  std::optional<double> weight_decay_of(const Variable& variable) const override {
    return by_adam(variable) ? config().adam_weight_decay : config().weight_decay;
  }

  void build_slots(const std::vector<Variable>& variables) override {
    for (const Variable& variable : variables) {
      momentums_.push_back(add_slot(variable, "momentum"));
      velocities_.push_back(by_adam(variable) ? add_slot(variable, "velocity") : Variable());
    }
  }

  void begin_step(StepScalars& s) override {
    const DType dtype = s.step.dtype();
    const Array power_1 = power(Array::scalar(config().adam_beta_1, dtype), s.step);
    const Array power_2 = power(Array::scalar(config().adam_beta_2, dtype), s.step);
    s.shared = {s.learning_rate * config().adam_lr_ratio * sqrt(1.0 - power_2) / (1.0 - power_1)};
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    Variable& m = momentums_[index];
    const MuonConfig& c = config();
    if (velocities_[index].defined()) {
      Variable& v = velocities_[index];
      const Array momentum = m + (gradient - m) * (1 - c.adam_beta_1);
      const Array velocity = v + (square(gradient) - v) * (1 - c.adam_beta_2);
      m.assign(momentum);
      v.assign(velocity);
      variable.assign(variable - momentum * scalars.shared[0] / (sqrt(velocity) + c.epsilon));
      return;
    }
    const Array momentum = m + (gradient + m * (c.momentum - 1));
    m.assign(momentum);
    const Array direction = c.nesterov ? gradient + c.momentum * momentum : momentum;
    Array change = scalars.learning_rate * orthogonal(direction);
    if (c.rms_rate) {
      const int64_t longest = std::max(variable.shape()[0], variable.shape()[1]);
      change = change * (std::sqrt(static_cast<double>(longest)) * *c.rms_rate);
    }
    variable.assign(variable - change);
  }

  /// Nearly the orthogonal matrix next to `x`; of the smaller Gram matrix.
  Array orthogonal(const Array& x) const {
    const bool tall = x.shape()[0] > x.shape()[1];
    const MatmulOptions gram{.transpose_a = tall, .transpose_b = !tall};
    Array y = x / (sqrt(sum(square(x))) + 1e-7);
    for (int64_t i = 0; i < config().ns_steps; ++i) {
      const Array a = matmul(y, y, gram);
      const Array b = config().muon_b * a + matmul(config().muon_c * a, a);
      y = config().muon_a * y + (tall ? matmul(y, b) : matmul(b, y));
    }
    return y;
  }

  std::vector<Variable> momentums_, velocities_;
};

}  // namespace

Muon::Muon(MuonConfig c) : Optimizer(std::make_shared<MuonImpl>(std::move(c))) {}

}  // namespace danlu
