#pragma once

#include <optional>
#include <string>
#include <vector>

#include "danlu/optim/learning_rate.h"

/// Learning rates that follow the steps taken. `decay_steps` and the like must be positive
/// (ValueError).
namespace danlu::schedules {

struct ExponentialDecayConfig {
  double initial_learning_rate = 0.01;
  double decay_steps = 1;
  double decay_rate = 1;
  bool staircase = false;  ///< whole powers only
  std::string name = "ExponentialDecay";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("initial_learning_rate", c.initial_learning_rate), v("decay_steps", c.decay_steps);
    v("decay_rate", c.decay_rate), v("staircase", c.staircase), v("name", c.name);
  }
};
/// initial · rate^(step / decay_steps).
class ExponentialDecay : public LearningRate {
 public:
  ExponentialDecay(ExponentialDecayConfig config);
};

struct InverseTimeDecayConfig {
  double initial_learning_rate = 0.01;
  double decay_steps = 1;
  double decay_rate = 1;
  bool staircase = false;
  std::string name = "InverseTimeDecay";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ExponentialDecayConfig::fields(c, v);
  }
};
/// initial / (1 + rate · step / decay_steps).
class InverseTimeDecay : public LearningRate {
 public:
  InverseTimeDecay(InverseTimeDecayConfig config);
};

struct PolynomialDecayConfig {
  double initial_learning_rate = 0.01;
  double decay_steps = 1;
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;  ///< begin again, more slowly, instead of staying at the end
  std::string name = "PolynomialDecay";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("initial_learning_rate", c.initial_learning_rate), v("decay_steps", c.decay_steps);
    v("end_learning_rate", c.end_learning_rate), v("power", c.power), v("cycle", c.cycle);
    v("name", c.name);
  }
};
/// (initial − end) · (1 − step / decay_steps)^power + end.
class PolynomialDecay : public LearningRate {
 public:
  PolynomialDecay(PolynomialDecayConfig config);
};

struct PiecewiseConstantDecayConfig {
  std::vector<double> boundaries;  ///< the last step of each value but the last one; rising
  std::vector<double> values;      ///< one more
  std::string name = "PiecewiseConstant";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("boundaries", c.boundaries), v("values", c.values), v("name", c.name);
  }
};
/// values[i] for boundaries[i − 1] < step <= boundaries[i].
/// Errors: ValueError unless there is one more value than boundaries, and at least one boundary.
class PiecewiseConstantDecay : public LearningRate {
 public:
  PiecewiseConstantDecay(PiecewiseConstantDecayConfig config);
};

struct CosineDecayConfig {
  double initial_learning_rate = 0.01;
  double decay_steps = 1;
  double alpha = 0;  ///< the lowest rate, as a share of the highest
  std::string name = "CosineDecay";
  /// The rate first rises to it, linearly over `warmup_steps`.
  std::optional<double> warmup_target;
  double warmup_steps = 0;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("initial_learning_rate", c.initial_learning_rate), v("decay_steps", c.decay_steps);
    v("alpha", c.alpha), v("name", c.name), v("warmup_target", c.warmup_target);
    v("warmup_steps", c.warmup_steps);
  }
};
/// Half a cosine from the initial rate down to alpha times it. Source: Loshchilov and Hutter
/// (2017).
class CosineDecay : public LearningRate {
 public:
  CosineDecay(CosineDecayConfig config);
};

struct CosineDecayRestartsConfig {
  double initial_learning_rate = 0.01;
  double first_decay_steps = 1;
  double t_mul = 2;  ///< how much longer each period is than the one before
  double m_mul = 1;  ///< how much higher its first rate is
  double alpha = 0;
  std::string name = "SGDRDecay";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("initial_learning_rate", c.initial_learning_rate);
    v("first_decay_steps", c.first_decay_steps), v("t_mul", c.t_mul), v("m_mul", c.m_mul);
    v("alpha", c.alpha), v("name", c.name);
  }
};
/// Cosine decays one after another. Source: Loshchilov and Hutter (2017).
class CosineDecayRestarts : public LearningRate {
 public:
  CosineDecayRestarts(CosineDecayRestartsConfig config);
};

struct WarmUpConfig {
  LearningRate learning_rate = 0.01;  ///< afterwards; a schedule begins when the warm-up ends
  double warmup_steps = 1;
  double initial_learning_rate = 0;
  std::string name = "WarmUp";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("learning_rate", c.learning_rate), v("warmup_steps", c.warmup_steps);
    v("initial_learning_rate", c.initial_learning_rate), v("name", c.name);
  }
};
/// Rises linearly to `learning_rate` and goes on as it says. Not in Keras.
class WarmUp : public LearningRate {
 public:
  WarmUp(WarmUpConfig config);
};

struct OneCycleConfig {
  double max_learning_rate = 0.01;
  double total_steps = 1;               ///< > 1; afterwards the rate stays where it is
  double pct_start = 0.3;               ///< share of the steps in which the rate rises, in (0, 1)
  double div_factor = 25;               ///< the first rate is this part of the greatest
  double final_div_factor = 10000;      ///< the last rate is this part of the first
  std::string anneal_strategy = "cos";  ///< or "linear"
  std::string name = "OneCycle";

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("max_learning_rate", c.max_learning_rate), v("total_steps", c.total_steps);
    v("pct_start", c.pct_start), v("div_factor", c.div_factor);
    v("final_div_factor", c.final_div_factor), v("anneal_strategy", c.anneal_strategy);
    v("name", c.name);
  }
};
/// Up to the greatest rate at step pct_start · total_steps − 1, then down until total_steps − 1,
/// along half cosines or lines. Not in Keras; as in PyTorch's OneCycleLR. Source: Smith and Topin
/// (2018).
class OneCycle : public LearningRate {
 public:
  OneCycle(OneCycleConfig config);
};

}  // namespace danlu::schedules
