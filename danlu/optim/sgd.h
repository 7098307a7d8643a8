#pragma once

#include <optional>
#include <string>

#include "danlu/optim/optimizer.h"

namespace danlu {

struct SGDConfig {
  LearningRate learning_rate = 0.01;
  double momentum = 0;  ///< in [0, 1]
  bool nesterov = false;
  std::optional<double> weight_decay;
  std::optional<double> clipnorm;
  std::optional<double> clipvalue;
  std::optional<double> global_clipnorm;
  std::string name;
};

/// Gradient descent: w −= rate · g; with momentum, v = momentum · v − rate · g and w += v, or
/// w += momentum · v − rate · g with Nesterov. Errors: ValueError for a momentum outside [0, 1].
/// Sources: Polyak (1964); Sutskever et al. (2013).
class SGD : public Optimizer {
 public:
  SGD(SGDConfig config = {});
};

}  // namespace danlu
