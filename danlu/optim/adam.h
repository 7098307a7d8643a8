#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct AdamConfig {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
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
    v("amsgrad", c.amsgrad);
  }
};

/// m += (g − m)(1 − β₁), v += (g² − v)(1 − β₂),
/// w −= rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε). Errors: ValueError for betas outside [0, 1).
/// Sources: Kingma and Ba (2014); Reddi et al. (2018) for amsgrad.
class Adam : public Optimizer {
 public:
  Adam(AdamConfig config = {});
};

struct AdamWConfig {
  LearningRate learning_rate = 0.001;
  std::optional<double> weight_decay = 0.004;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
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
    v("amsgrad", c.amsgrad);
  }
};

/// Adam with a weight decay that must be given. Errors: as Adam; ValueError without weight_decay.
/// Source: Loshchilov and Hutter (2019).
class AdamW : public Optimizer {
 public:
  AdamW(AdamWConfig config = {});
};

}  // namespace danlu
