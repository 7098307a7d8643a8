#include "danlu/optim/loss_scale.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/io/config.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

class LossScaleImpl final : public OptimizerImpl {
 public:
  LossScaleImpl(Optimizer inner, LossScaleOptimizerConfig config)
      : OptimizerImpl("LossScaleOptimizer", {.learning_rate = 0.0, .name = config.name}),
        inner_(std::move(inner)),
        config_(std::move(config)) {
    check_at_least("dynamic_growth_steps", config_.dynamic_growth_steps, 1);
    if (config_.initial_scale > 0) return;
    throw ValueError({.where = type(),
                      .what = "The scale must be positive",
                      .received = "initial_scale=" + number_text(config_.initial_scale)});
  }

  Json get_config() const override {
    return Json::object({{"name", name()},
                         {"inner_optimizer", object_json(inner_->type(), inner_->get_config())},
                         {"initial_scale", config_.initial_scale},
                         {"dynamic_growth_steps", config_.dynamic_growth_steps}});
  }

  Array scale_loss(const Array& loss) const override {
    return built() ? loss * cast(scale_, loss.dtype()) : loss * config_.initial_scale;
  }
  void finalize_variable_values(const std::vector<Variable>& variables) override {
    inner_->finalize_variable_values(variables);
  }
  std::vector<Optimizer> inner_optimizers() const override { return {inner_}; }
  int64_t iterations() const override { return inner_->iterations(); }
  double learning_rate() const override { return inner_->learning_rate(); }
  void set_learning_rate(double value) override { inner_->set_learning_rate(value); }

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    counter_ = add_variable(zeros(Shape{}, DType::int64), "step_counter");
    scale_ = add_variable(Array::scalar(config_.initial_scale, DType::float32), "dynamic_scale");
    inner_->build(variables);
    adopt(*inner_);
  }

  void step(std::span<const Array> gradients, const std::vector<Variable>& variables) override {
    Array finite;
    std::vector<Array> unscaled;
    for (const Array& gradient : gradients) {
      const Array own = all(isfinite(gradient));
      finite = finite.defined() ? finite && own : own;
      unscaled.push_back(gradient / cast(scale_, gradient.dtype()));
    }
    if (!finite.defined()) return;
    std::vector<Variable> changing = inner_->variables();
    changing.insert(changing.end(), variables.begin(), variables.end());
    internal::assign_if(finite, changing, [&] { inner_->apply(unscaled, variables); });
    const Array full = counter_ == config_.dynamic_growth_steps - 1;
    const Array factor = where(finite, where(full, 2.0, 1.0), 0.5);
    scale_.assign(scale_ * cast(factor, scale_.dtype()));
    counter_.assign(where(finite && !full, counter_ + 1, zeros_like(counter_)));
  }

  void update_variable(size_t, Variable&, const Array&, const StepScalars&) override {}

  Optimizer inner_;
  LossScaleOptimizerConfig config_;
  Variable counter_, scale_;
};

}  // namespace

LossScaleOptimizer::LossScaleOptimizer(Optimizer inner_optimizer, LossScaleOptimizerConfig config)
    : Optimizer(std::make_shared<LossScaleImpl>(std::move(inner_optimizer), std::move(config))) {}

}  // namespace danlu
