#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct AdafactorConfig {
  LearningRate learning_rate = 0.001;
  double beta_2_decay = -0.8;
  double epsilon_1 = 1e-30;
  double epsilon_2 = 0.001;
  double clip_threshold = 1;
  bool relative_step = true;  ///< changes nothing: Keras bounds the rate by 1 / √t in any case
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
    v("beta_2_decay", c.beta_2_decay), v("epsilon_1", c.epsilon_1), v("epsilon_2", c.epsilon_2);
    v("clip_threshold", c.clip_threshold), v("relative_step", c.relative_step);
  }
};

/// Second moments of matrices kept as a mean per row and per column; the step is relative to the
/// size of the variable and clipped. Source: Shazeer and Stern (2018).
class Adafactor : public Optimizer {
 public:
  Adafactor(AdafactorConfig config = {});
};

}  // namespace danlu
