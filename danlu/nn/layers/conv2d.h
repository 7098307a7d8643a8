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

struct Conv2DConfig {
  int64_t filters = 0;                ///< required, ≥ 1
  Size2D kernel_size = std::nullopt;  ///< required
  Size2D strides = {1, 1};
  std::string padding = "valid";  ///< "valid" or "same"
  Size2D dilation_rate = {1, 1};
  int64_t groups = 1;
  ActivationFunction activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Constraint kernel_constraint;
  Constraint bias_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("filters", c.filters), v("kernel_size", c.kernel_size), v("strides", c.strides);
    v("padding", c.padding), v("dilation_rate", c.dilation_rate), v("groups", c.groups);
    v("activation", c.activation), v("use_bias", c.use_bias);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// Convolution (cross-correlation) over images, then bias and activation.
/// Shapes: (batch, height, width, channels) → (batch, height', width', filters); kernel
/// (kh, kw, channels / groups, filters), bias (filters,).
/// Errors: ValueError for sizes < 1, unknown padding, strides together with dilation, or groups
/// that do not divide channels and filters; ShapeError for inputs that do not fit.
class Conv2D : public Layer {
 public:
  Conv2D(Conv2DConfig config);
};

}  // namespace danlu
