#pragma once

#include <functional>
#include <string>
#include <utility>

#include "danlu/core/array.h"
#include "danlu/io/json.h"

namespace danlu {

/// A learning rate: a number, or a function of the steps taken so far. Schedules are lazy scalars
/// of the step count, so a compiled training step computes them itself and never recompiles.
class LearningRate {
 public:
  /// The rate (a scalar of `step`'s dtype) at `step` steps, a floating scalar.
  using Schedule = std::function<Array(const Array& step)>;

  LearningRate(double value) : value_(value) {}
  /// `class_name` and `config` are what `learning_rate_from_json` makes the schedule anew from.
  LearningRate(Schedule schedule, std::string class_name = "custom", Json config = Json::object())
      : schedule_(std::move(schedule)),
        class_name_(std::move(class_name)),
        config_(std::move(config)) {}

  bool is_schedule() const { return static_cast<bool>(schedule_); }
  double value() const { return value_; }
  const std::string& class_name() const { return class_name_; }
  /// The config as Keras's `get_config` gives it.
  const Json& get_config() const { return config_; }
  Array operator()(const Array& step) const { return schedule_(step); }

 private:
  double value_ = 0;
  Schedule schedule_;
  std::string class_name_;
  Json config_;
};

/// A number, or class and config of a schedule.
Json to_json(const LearningRate& x);
/// Errors: ValueError, which lists the schedules, when there is none of this class; IoError for
/// JSON of the wrong types.
void from_json(const Json& json, LearningRate& x);

}  // namespace danlu
