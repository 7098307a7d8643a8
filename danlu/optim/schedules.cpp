#include "danlu/optim/schedules.h"

#include <array>
#include <cmath>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/io/config.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace schedules {
namespace {

void check_positive(const char* where, const char* field, double value) {
  if (value > 0) return;
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` must be positive",
                    .received = field + ("=" + number_text(value))});
}

std::string list_text(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : ", ") + number_text(value);
  return "[" + text + "]";
}

Array base_power(double base, const Array& exponent) {
  return power(Array::scalar(base, exponent.dtype()), exponent);
}

/// From 1 at 0 to 0 at 1.
Array half_cosine(const Array& fraction) { return 0.5 * (1.0 + cos(std::numbers::pi * fraction)); }

Array exponential(const ExponentialDecayConfig& c, const Array& step) {
  Array p = step / c.decay_steps;
  if (c.staircase) p = floor(p);
  return c.initial_learning_rate * base_power(c.decay_rate, p);
}

Array inverse_time(const InverseTimeDecayConfig& c, const Array& step) {
  Array p = step / c.decay_steps;
  if (c.staircase) p = floor(p);
  return c.initial_learning_rate / (1.0 + c.decay_rate * p);
}

Array polynomial(const PolynomialDecayConfig& c, const Array& step) {
  Array p;
  if (c.cycle) {
    const Array periods = where(step == 0.0, 1.0, ceil(step / c.decay_steps));
    p = step / (c.decay_steps * periods);
  } else {
    p = minimum(step, c.decay_steps) / c.decay_steps;
  }
  const double fall = c.initial_learning_rate - c.end_learning_rate;
  return fall * power(1.0 - p, c.power) + c.end_learning_rate;
}

Array piecewise(const PiecewiseConstantDecayConfig& c, const Array& step) {
  Array rate = Array::scalar(c.values.back(), step.dtype());
  for (size_t i = c.boundaries.size(); i-- > 0;) {
    rate = where(step <= c.boundaries[i], c.values[i], rate);
  }
  return rate;
}

Array cosine(const CosineDecayConfig& c, const Array& step) {
  const bool warms_up = c.warmup_target.has_value();
  const double from = c.warmup_target.value_or(c.initial_learning_rate);
  const Array after = warms_up ? step - c.warmup_steps : step;
  const Array done = minimum(after, c.decay_steps) / c.decay_steps;
  const Array decayed = from * ((1 - c.alpha) * half_cosine(done) + c.alpha);
  if (!warms_up) return decayed;
  const double rise = from - c.initial_learning_rate;
  const Array rising = c.initial_learning_rate + rise * (step / c.warmup_steps);
  return where(step < c.warmup_steps, rising, decayed);
}

Array restarts(const CosineDecayRestartsConfig& c, const Array& step) {
  const Array periods = step / c.first_decay_steps;
  Array restart, fraction;
  if (c.t_mul == 1) {
    restart = floor(periods);
    fraction = periods - restart;
  } else {
    restart = floor(log(1.0 - periods * (1 - c.t_mul)) / std::log(c.t_mul));
    const Array length = base_power(c.t_mul, restart);
    fraction = (periods - (1.0 - length) / (1 - c.t_mul)) / length;
  }
  const Array wave = base_power(c.m_mul, restart) * half_cosine(fraction);
  return c.initial_learning_rate * ((1 - c.alpha) * wave + c.alpha);
}

Array warm_up(const WarmUpConfig& c, const Array& step) {
  const auto after = [&](const Array& steps) {
    return c.learning_rate.is_schedule() ? c.learning_rate(steps)
                                         : Array::scalar(c.learning_rate.value(), step.dtype());
  };
  const Array target = after(Array::scalar(0.0, step.dtype()));
  const Array rising =
      c.initial_learning_rate + (target - c.initial_learning_rate) * (step / c.warmup_steps);
  return where(step < c.warmup_steps, rising, after(maximum(step - c.warmup_steps, 0.0)));
}

Array one_cycle(const OneCycleConfig& c, const Array& step) {
  const double first = c.max_learning_rate / c.div_factor, last = first / c.final_div_factor;
  const double top = c.pct_start * c.total_steps - 1, end = c.total_steps - 1;
  const auto between = [&](double from, double to, const Array& fraction) {
    if (c.anneal_strategy == "linear") return from + (to - from) * fraction;
    return to + (from - to) * half_cosine(fraction);
  };
  const Array falling =
      between(c.max_learning_rate, last, minimum((step - top) / (end - top), 1.0));
  return where(step <= top, between(first, c.max_learning_rate, step / top), falling);
}

/// A schedule of class `name` that `rate` computes.
template <class Config>
LearningRate schedule(const char* name, Array (*rate)(const Config&, const Array&), Config c) {
  Json config = config_to_json(c);
  return LearningRate([rate, c = std::move(c)](const Array& step) { return rate(c, step); }, name,
                      std::move(config));
}

}  // namespace

ExponentialDecay::ExponentialDecay(ExponentialDecayConfig c)
    : LearningRate(schedule("ExponentialDecay", exponential, c)) {
  check_positive("ExponentialDecay", "decay_steps", c.decay_steps);
}

InverseTimeDecay::InverseTimeDecay(InverseTimeDecayConfig c)
    : LearningRate(schedule("InverseTimeDecay", inverse_time, c)) {
  check_positive("InverseTimeDecay", "decay_steps", c.decay_steps);
}

PolynomialDecay::PolynomialDecay(PolynomialDecayConfig c)
    : LearningRate(schedule("PolynomialDecay", polynomial, c)) {
  check_positive("PolynomialDecay", "decay_steps", c.decay_steps);
}

PiecewiseConstantDecay::PiecewiseConstantDecay(PiecewiseConstantDecayConfig c)
    : LearningRate(schedule("PiecewiseConstantDecay", piecewise, c)) {
  if (!c.boundaries.empty() && c.values.size() == c.boundaries.size() + 1) return;
  throw ValueError({.where = "PiecewiseConstantDecay",
                    .what = "There must be one more value than there are boundaries",
                    .expected = "at least one boundary",
                    .received = std::to_string(c.boundaries.size()) + " boundaries " +
                                list_text(c.boundaries) + ", " + std::to_string(c.values.size()) +
                                " values " + list_text(c.values)});
}

CosineDecay::CosineDecay(CosineDecayConfig c) : LearningRate(schedule("CosineDecay", cosine, c)) {
  check_positive("CosineDecay", "decay_steps", c.decay_steps);
  if (c.warmup_target) check_positive("CosineDecay", "warmup_steps", c.warmup_steps);
}

CosineDecayRestarts::CosineDecayRestarts(CosineDecayRestartsConfig c)
    : LearningRate(schedule("CosineDecayRestarts", restarts, c)) {
  check_positive("CosineDecayRestarts", "first_decay_steps", c.first_decay_steps);
  check_positive("CosineDecayRestarts", "t_mul", c.t_mul);
}

WarmUp::WarmUp(WarmUpConfig c) : LearningRate(schedule("WarmUp", warm_up, c)) {
  check_positive("WarmUp", "warmup_steps", c.warmup_steps);
}

OneCycle::OneCycle(OneCycleConfig c) : LearningRate(schedule("OneCycle", one_cycle, c)) {
  check_positive("OneCycle", "total_steps", c.total_steps);
  check_positive("OneCycle", "div_factor", c.div_factor);
  check_positive("OneCycle", "final_div_factor", c.final_div_factor);
  if (!(c.pct_start < 1 && c.pct_start * c.total_steps > 1)) {
    throw ValueError({.where = "OneCycle",
                      .what = "`pct_start` is out of range",
                      .expected = "less than 1, and more than one step of the total",
                      .received = "pct_start=" + number_text(c.pct_start) +
                                  ", total_steps=" + number_text(c.total_steps)});
  }
  if (c.anneal_strategy == "cos" || c.anneal_strategy == "linear") return;
  throw ValueError({.where = "OneCycle",
                    .what = "The strategy is unknown",
                    .expected = "\"cos\" or \"linear\"",
                    .received = "\"" + c.anneal_strategy + "\""});
}

}  // namespace schedules

namespace {

struct Entry {
  const char* class_name;
  LearningRate (*make)(const Json&);
};

template <class S, class Config>
LearningRate make(const Json& config) {
  return S(config_from_json<Config>(config));
}

constexpr std::array kSchedules = {
    Entry{"ExponentialDecay", make<schedules::ExponentialDecay, schedules::ExponentialDecayConfig>},
    Entry{"InverseTimeDecay", make<schedules::InverseTimeDecay, schedules::InverseTimeDecayConfig>},
    Entry{"PolynomialDecay", make<schedules::PolynomialDecay, schedules::PolynomialDecayConfig>},
    Entry{"PiecewiseConstantDecay",
          make<schedules::PiecewiseConstantDecay, schedules::PiecewiseConstantDecayConfig>},
    Entry{"CosineDecay", make<schedules::CosineDecay, schedules::CosineDecayConfig>},
    Entry{"CosineDecayRestarts",
          make<schedules::CosineDecayRestarts, schedules::CosineDecayRestartsConfig>},
    Entry{"WarmUp", make<schedules::WarmUp, schedules::WarmUpConfig>},
    Entry{"OneCycle", make<schedules::OneCycle, schedules::OneCycleConfig>},
};

}  // namespace

Json to_json(const LearningRate& x) {
  return x.is_schedule() ? object_json(x.class_name(), x.get_config()) : Json(x.value());
}

void from_json(const Json& json, LearningRate& x) {
  if (json.is_number()) {
    x = json.as_double();
    return;
  }
  const std::string& class_name = json.at("class_name").as_string();
  std::string names;
  for (const Entry& entry : kSchedules) {
    if (class_name == entry.class_name) {
      x = entry.make(json.at("config"));
      return;
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.class_name);
  }
  throw ValueError({.where = "learning rate",
                    .what = "There is no schedule of this class",
                    .expected = "one of " + names,
                    .received = "\"" + class_name + "\""});
}

}  // namespace danlu
