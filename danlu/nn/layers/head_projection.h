#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/nn/activations.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

/// A product of the last `bound` axes of its input with a kernel, plus a bias, as the attention
/// layers project to heads and back: x (…, a…) · kernel (a…, out…) + bias (out…) → (…, out…).
struct HeadProjectionOptions {
  std::string name;
  std::string dtype;
  int bound = 1;
  std::vector<int64_t> out;
  bool use_bias = true;
  ActivationFunction activation;
  Initializer kernel_initializer;
  Initializer bias_initializer;
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint bias_constraint;
};
Layer head_projection(HeadProjectionOptions options);

}  // namespace danlu
