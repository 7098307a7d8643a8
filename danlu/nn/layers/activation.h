#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

struct ActivationConfig {
  ActivationFunction activation;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("activation", c.activation);
    layer_fields(c, v);
  }
};

/// An activation as a layer: `Activation("relu")`. Shapes: any → the same.
class Activation : public Layer {
 public:
  Activation(ActivationConfig config);
  Activation(const char* activation);
};

struct ReLUConfig {
  std::optional<double> max_value;  ///< ≥ 0; none: unbounded
  double negative_slope = 0;        ///< ≥ 0
  double threshold = 0;             ///< ≥ 0
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("max_value", c.max_value), v("negative_slope", c.negative_slope), v("threshold", c.threshold);
    layer_fields(c, v);
  }
};

/// min(x, max_value) where x > threshold, negative_slope · (x − threshold) elsewhere.
/// Shapes: any → the same. Errors: ValueError for negative numbers.
class ReLU : public Layer {
 public:
  ReLU(ReLUConfig config = {});
};

struct LeakyReLUConfig {
  double negative_slope = 0.3;  ///< ≥ 0
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("negative_slope", c.negative_slope);
    layer_fields(c, v);
  }
};

/// x, or negative_slope · x below 0. Shapes: any → the same.
/// Errors: ValueError for a negative slope.
class LeakyReLU : public Layer {
 public:
  LeakyReLU(LeakyReLUConfig config = {});
};

struct PReLUConfig {
  Initializer alpha_initializer = "zeros";
  Regularizer alpha_regularizer;
  Constraint alpha_constraint;
  Integers shared_axes;  ///< axes ≥ 1 along which there is one alpha for all; none: no sharing
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("alpha_initializer", c.alpha_initializer), v("alpha_regularizer", c.alpha_regularizer);
    v("alpha_constraint", c.alpha_constraint), v("shared_axes", c.shared_axes);
    layer_fields(c, v);
  }
};

/// x, or alpha · x below 0, alpha being a weight. Shapes: (batch, a, b, …) → the same; alpha
/// (a, b, …) with 1 for shared axes. Errors: ShapeError when a shared axis is not there.
/// Source: He et al. (2015).
class PReLU : public Layer {
 public:
  PReLU(PReLUConfig config = {});
};

struct ELUConfig {
  double alpha = 1;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("alpha", c.alpha);
    layer_fields(c, v);
  }
};

/// x, or alpha · (exp(x) − 1) below 0. Shapes: any → the same.
class ELU : public Layer {
 public:
  ELU(ELUConfig config = {});
};

struct SoftmaxConfig {
  Integers axis = -1;  ///< one, or several that are summed over together
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis);
    layer_fields(c, v);
  }
};

/// exp(x) over its sum along `axis`. Where a mask, which must broadcast to x, is false the output
/// is 0. Shapes: any → the same. Errors: ShapeError when there is no such axis or the mask does not
/// fit, as one of (batch, time) does not fit (batch, time, features), in Keras too.
class Softmax : public Layer {
 public:
  Softmax(SoftmaxConfig config = {});
};

}  // namespace danlu
