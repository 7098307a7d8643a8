#pragma once

#include <optional>
#include <string>

#include "danlu/optim/optimizer.h"

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
  std::string name;
};

/// m += (g − m)(1 − β₁), v += (g² − v)(1 − β₂),
/// w −= rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε). Errors: ValueError for betas outside [0, 1).
/// Sources: Kingma and Ba (2014); Reddi et al. (2018) for amsgrad.
class Adam : public Optimizer {
 public:
  Adam(AdamConfig config = {});
};

}  // namespace danlu
