#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct FtrlConfig {
  LearningRate learning_rate = 0.001;
  double learning_rate_power = -0.5;                ///< ≤ 0
  double initial_accumulator_value = 0.1;           ///< ≥ 0
  double l1_regularization_strength = 0;            ///< ≥ 0
  double l2_regularization_strength = 0;            ///< ≥ 0
  double l2_shrinkage_regularization_strength = 0;  ///< ≥ 0
  double beta = 0;
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
    v("learning_rate_power", c.learning_rate_power);
    v("initial_accumulator_value", c.initial_accumulator_value);
    v("l1_regularization_strength", c.l1_regularization_strength);
    v("l2_regularization_strength", c.l2_regularization_strength);
    v("l2_shrinkage_regularization_strength", c.l2_shrinkage_regularization_strength);
    v("beta", c.beta);
  }
};

/// Follow the regularized leader, for large sparse linear models.
/// Errors: ValueError for numbers of the wrong sign. Source: McMahan et al. (2013).
class Ftrl : public Optimizer {
 public:
  Ftrl(FtrlConfig config = {});
};

}  // namespace danlu
