#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct SGDConfig {
  LearningRate learning_rate = 0.01;
  double momentum = 0;  ///< in [0, 1]
  bool nesterov = false;
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
    v("momentum", c.momentum), v("nesterov", c.nesterov);
  }
};

/// Gradient descent: w −= rate · g; with momentum, v = momentum · v − rate · g and w += v, or
/// w += momentum · v − rate · g with Nesterov. Errors: ValueError for a momentum outside [0, 1].
/// Sources: Polyak (1964); Sutskever et al. (2013).
class SGD : public Optimizer {
 public:
  SGD(SGDConfig config = {});
};

}  // namespace danlu
