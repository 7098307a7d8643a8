#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "danlu/core/array.h"

namespace danlu {

/// A learning rate: a number, or a function of the steps taken so far. Schedules are lazy scalars
/// of the step count, so a compiled training step computes them itself and never recompiles.
class LearningRate {
 public:
  /// The rate (a scalar of `step`'s dtype) at `step` steps, a floating scalar.
  using Schedule = std::function<Array(const Array& step)>;

  LearningRate(double value) : value_(value) {}
  LearningRate(Schedule schedule, std::string name = "custom")
      : schedule_(std::move(schedule)), name_(std::move(name)) {}

  bool is_schedule() const { return static_cast<bool>(schedule_); }
  double value() const { return value_; }
  const std::string& name() const { return name_; }
  Array operator()(const Array& step) const { return schedule_(step); }

 private:
  double value_ = 0;
  Schedule schedule_;
  std::string name_;
};

namespace schedules {

struct ExponentialDecayConfig {
  double initial_learning_rate = 0.01;
  double decay_steps = 1;  ///< > 0
  double decay_rate = 1;
  bool staircase = false;  ///< whole powers only
};
/// initial · rate^(step / decay_steps).
class ExponentialDecay : public LearningRate {
 public:
  ExponentialDecay(ExponentialDecayConfig config);
};

using InverseTimeDecayConfig = ExponentialDecayConfig;
/// initial / (1 + rate · step / decay_steps).
class InverseTimeDecay : public LearningRate {
 public:
  InverseTimeDecay(InverseTimeDecayConfig config);
};

struct CosineDecayConfig {
  double initial_learning_rate = 0.01;
  double decay_steps = 1;     ///< > 0
  double alpha = 0;           ///< the lowest rate, as a share of the highest
  double warmup_target = -1;  ///< ≥ 0: the rate first rises to it, linearly over `warmup_steps`
  double warmup_steps = 0;
};
/// Half a cosine from the initial rate down to alpha times it. Source: Loshchilov and Hutter
/// (2017).
class CosineDecay : public LearningRate {
 public:
  CosineDecay(CosineDecayConfig config);
};

}  // namespace schedules
}  // namespace danlu
