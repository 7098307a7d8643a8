#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct AdamaxConfig {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
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
    v("beta_1", c.beta_1), v("beta_2", c.beta_2), v("epsilon", c.epsilon);
  }
};

/// Adam with the infinity norm: u = max(β₂ u, |g|), w −= rate / (1 − β₁ᵗ) · m / (u + ε).
/// Source: Kingma and Ba (2014), section 7.
class Adamax : public Optimizer {
 public:
  Adamax(AdamaxConfig config = {});
};

struct NadamConfig {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
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
    v("beta_1", c.beta_1), v("beta_2", c.beta_2), v("epsilon", c.epsilon);
  }
};

/// Adam with Nesterov's momentum, on the schedule μₜ = β₁ (1 − 0.96ᵗ / 2). Source: Dozat (2015).
class Nadam : public Optimizer {
 public:
  Nadam(NadamConfig config = {});
};

struct LambConfig {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
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
    v("beta_1", c.beta_1), v("beta_2", c.beta_2), v("epsilon", c.epsilon);
  }
};

/// Adam whose step for each variable is scaled to the norm of the variable. Source: You et al.
/// (2019).
class Lamb : public Optimizer {
 public:
  Lamb(LambConfig config = {});
};

struct LionConfig {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.99;
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
    v("beta_1", c.beta_1), v("beta_2", c.beta_2);
  }
};

/// w −= rate · sign(β₁ m + (1 − β₁) g), m = β₂ m + (1 − β₂) g.
/// Errors: ValueError for a beta_1 outside (0, 1]. Source: Chen et al. (2023).
class Lion : public Optimizer {
 public:
  Lion(LionConfig config = {});
};

struct ScheduleFreeAdamWConfig {
  LearningRate learning_rate = 0.0025;
  double beta_1 = 0.9;  ///< in (0, 1]: share of the average in the point of the gradient
  double beta_2 = 0.999;
  double epsilon = 1e-8;
  int64_t warmup_steps = 0;  ///< the rate rises linearly over so many steps
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
    v("beta_1", c.beta_1), v("beta_2", c.beta_2), v("epsilon", c.epsilon);
    v("warmup_steps", c.warmup_steps);
  }
};

/// AdamW steps on a sequence z, whose running mean x replaces a schedule; the variable is
/// (1 − β₁) z + β₁ x. Errors: ValueError for betas out of range. Source: Defazio et al. (2024).
class ScheduleFreeAdamW : public Optimizer {
 public:
  ScheduleFreeAdamW(ScheduleFreeAdamWConfig config = {});
};

}  // namespace danlu
