#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct AdagradConfig {
  LearningRate learning_rate = 0.001;
  double initial_accumulator_value = 0.1;
  double epsilon = 1e-7;
  std::optional<double> weight_decay;
  std::optional<double> clipnorm;
  std::optional<double> clipvalue;
  std::optional<double> global_clipnorm;
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<int64_t> ema_overwrite_frequency;
  std::optional<double> loss_scale_factor;
  std::optional<int64_t> gradient_accumulation_steps;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    optimizer_fields(c, v);
    v("initial_accumulator_value", c.initial_accumulator_value), v("epsilon", c.epsilon);
  }
};

/// a += g², w −= rate · g / √(a + ε). Source: Duchi et al. (2011).
class Adagrad : public Optimizer {
 public:
  Adagrad(AdagradConfig config = {});
};

struct AdadeltaConfig {
  LearningRate learning_rate = 0.001;
  double rho = 0.95;
  double epsilon = 1e-7;
  std::optional<double> weight_decay;
  std::optional<double> clipnorm;
  std::optional<double> clipvalue;
  std::optional<double> global_clipnorm;
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<int64_t> ema_overwrite_frequency;
  std::optional<double> loss_scale_factor;
  std::optional<int64_t> gradient_accumulation_steps;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    optimizer_fields(c, v);
    v("rho", c.rho), v("epsilon", c.epsilon);
  }
};

/// a = ρ a + (1 − ρ) g², δ = −√(d + ε) / √(a + ε) · g, d = ρ d + (1 − ρ) δ², w += rate · δ.
/// Source: Zeiler (2012).
class Adadelta : public Optimizer {
 public:
  Adadelta(AdadeltaConfig config = {});
};

struct RMSpropConfig {
  LearningRate learning_rate = 0.001;
  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  bool centered = false;  ///< divide by the variance of the gradient, not by its mean square
  std::optional<double> weight_decay;
  std::optional<double> clipnorm;
  std::optional<double> clipvalue;
  std::optional<double> global_clipnorm;
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<int64_t> ema_overwrite_frequency;
  std::optional<double> loss_scale_factor;
  std::optional<int64_t> gradient_accumulation_steps;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    optimizer_fields(c, v);
    v("rho", c.rho), v("momentum", c.momentum), v("epsilon", c.epsilon);
    v("centered", c.centered);
  }
};

/// v = ρ v + (1 − ρ) g², w −= rate · g / √(v + ε), where centered v less the square of the running
/// mean of g; with momentum the quotients are summed up first. Source: Hinton (2012).
class RMSprop : public Optimizer {
 public:
  RMSprop(RMSpropConfig config = {});
};

}  // namespace danlu
