#pragma once

#include <optional>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

struct EinsumDenseConfig {
  std::string equation;        ///< required: "ab,bc->ac", "...b,bc->...c" or "ab...,bc->ac..."
  OptionalShape output_shape;  ///< required: without the batch axis and those that "..." stands for
  ActivationFunction activation = "linear";
  std::optional<std::string> bias_axes;  ///< letters of the output that the bias has; none: no bias
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
    v("equation", c.equation), v("output_shape", c.output_shape), v("activation", c.activation);
    v("bias_axes", c.bias_axes);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    layer_fields(c, v);
  }
};

/// activation(einsum(equation, x, kernel) + bias). The letters of the kernel take their lengths
/// from the output and, where they are summed over, from the input. Initializers that scale by fans
/// count the letters that are summed over as inputs and the others as outputs. The first axis is
/// the batch: its length is the input's, whatever its letter. Errors: ValueError for equations of
/// other forms, or letters that stand for no axis; ShapeError for inputs that do not fit.
class EinsumDense : public Layer {
 public:
  EinsumDense(EinsumDenseConfig config);
};

}  // namespace danlu
