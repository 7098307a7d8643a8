#pragma once

#include <cstdint>
#include <string>

#include "danlu/optim/optimizer.h"

namespace danlu {

struct LossScaleOptimizerConfig {
  double initial_scale = 32768;
  int64_t dynamic_growth_steps = 2000;  ///< finite steps after which the scale doubles
  std::string name;
};

/// Multiplies the loss by a scale, so that small gradients survive in float16, and divides the
/// gradients by it again. A step whose gradients are not all finite changes no variable and halves
/// the scale. Rates, clipping and so on belong to `inner_optimizer`.
/// Errors: ValueError for a scale that is not positive or growth steps below 1.
class LossScaleOptimizer : public Optimizer {
 public:
  LossScaleOptimizer(Optimizer inner_optimizer, LossScaleOptimizerConfig config = {});
};

}  // namespace danlu
