#include "danlu/optim/adafactor.h"

#include <utility>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

Array root_mean_square(const Array& x) { return sqrt(mean(square(x))); }

class AdafactorImpl final : public ConfiguredOptimizer<AdafactorConfig> {
 public:
  explicit AdafactorImpl(AdafactorConfig c) : ConfiguredOptimizer("Adafactor", std::move(c)) {}

 private:
  void build_slots(const std::vector<Variable>& variables) override {
    for (const Variable& variable : variables) {
      const Shape& shape = variable.shape();
      const bool factored = shape.rank() >= 2;
      const auto without = [&](int from_end) {
        return zeros(factored ? shape.without_axis(shape.rank() - from_end) : Shape{},
                     factored ? variable.dtype() : DType::float32);
      };
      rows_.push_back(add_variable(without(1), variable.name()));
      columns_.push_back(add_variable(without(2), variable.name()));
      velocities_.push_back(add_slot(variable, "velocity"));
    }
  }

  void begin_step(StepScalars& s) override {
    s.shared = {minimum(s.learning_rate, 1.0 / sqrt(s.step)),
                1.0 - power(s.step, config().beta_2_decay)};
  }

  void update_variable(size_t index, Variable& variable, const Array& gradient,
                       const StepScalars& scalars) override {
    const AdafactorConfig& c = config();
    const Array& beta = scalars.shared[1];
    const auto running = [&](const Array& old, const Array& fresh) {
      return beta * old + (1.0 - beta) * fresh;
    };
    const Array squares = square(gradient) + c.epsilon_1;
    Array velocity;
    if (variable.shape().rank() >= 2) {
      const Array row = running(rows_[index], mean(squares, {-1}));
      const Array column = running(columns_[index], mean(squares, {-2}));
      rows_[index].assign(row);
      columns_[index].assign(column);
      velocity = expand_dims(row / mean(row, {-1}, true), -1) * expand_dims(column, -2);
    } else {
      velocity = running(velocities_[index], squares);
    }
    velocities_[index].assign(velocity);
    const Array direction = gradient / sqrt(velocity);
    const Array excess = maximum(1.0, root_mean_square(direction) / c.clip_threshold);
    const Array rate = maximum(c.epsilon_2, root_mean_square(variable)) * scalars.shared[0];
    variable.assign(variable - rate * (direction / excess));
  }

  std::vector<Variable> rows_, columns_, velocities_;
};

}  // namespace

Adafactor::Adafactor(AdafactorConfig c)
    : Optimizer(std::make_shared<AdafactorImpl>(std::move(c))) {}

}  // namespace danlu
