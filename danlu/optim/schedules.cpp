#include "danlu/optim/schedules.h"

#include <numbers>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"

namespace danlu::schedules {
namespace {

void check_steps(const char* where, const char* field, double steps) {
  if (steps > 0) return;
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` must be positive",
                    .received = field + ("=" + number_text(steps))});
}

Array exponential(const ExponentialDecayConfig& c, const Array& step) {
  Array p = step / c.decay_steps;
  if (c.staircase) p = floor(p);
  return c.initial_learning_rate * power(Array::scalar(c.decay_rate, step.dtype()), p);
}

Array inverse_time(const InverseTimeDecayConfig& c, const Array& step) {
  Array p = step / c.decay_steps;
  if (c.staircase) p = floor(p);
  return c.initial_learning_rate / (1.0 + c.decay_rate * p);
}

Array cosine(const CosineDecayConfig& c, const Array& step) {
  const bool warms_up = c.warmup_target >= 0;
  const double from = warms_up ? c.warmup_target : c.initial_learning_rate;
  const Array after = warms_up ? step - c.warmup_steps : step;
  const Array done = minimum(after, c.decay_steps) / c.decay_steps;
  const Array wave = 0.5 * (1.0 + cos(std::numbers::pi * done));
  const Array decayed = from * ((1 - c.alpha) * wave + c.alpha);
  if (!warms_up) return decayed;
  const double rise = c.warmup_target - c.initial_learning_rate;
  const Array rising = c.initial_learning_rate + rise * (step / c.warmup_steps);
  return where(step < c.warmup_steps, rising, decayed);
}

}  // namespace

ExponentialDecay::ExponentialDecay(ExponentialDecayConfig c)
    : LearningRate([c](const Array& step) { return exponential(c, step); }, "ExponentialDecay") {
  check_steps("ExponentialDecay", "decay_steps", c.decay_steps);
}

InverseTimeDecay::InverseTimeDecay(InverseTimeDecayConfig c)
    : LearningRate([c](const Array& step) { return inverse_time(c, step); }, "InverseTimeDecay") {
  check_steps("InverseTimeDecay", "decay_steps", c.decay_steps);
}

CosineDecay::CosineDecay(CosineDecayConfig c)
    : LearningRate([c](const Array& step) { return cosine(c, step); }, "CosineDecay") {
  check_steps("CosineDecay", "decay_steps", c.decay_steps);
  if (c.warmup_target >= 0) check_steps("CosineDecay", "warmup_steps", c.warmup_steps);
}

}  // namespace danlu::schedules
