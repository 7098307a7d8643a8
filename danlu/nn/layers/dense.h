#pragma once

#include <cstdint>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

struct DenseConfig {
  int64_t units = 0;  ///< required, ≥ 1
  ActivationFunction activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint bias_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("units", c.units), v("activation", c.activation), v("use_bias", c.use_bias);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    layer_fields(c, v);
  }
};

/// activation(x · kernel + bias) over the last axis.
/// Shapes: (…, features) → (…, units); kernel (features, units), bias (units,).
/// Errors: ValueError for units < 1; ShapeError for inputs of rank < 2 or of other features.
class Dense : public Layer {
 public:
  Dense(DenseConfig config);
};

}  // namespace danlu
