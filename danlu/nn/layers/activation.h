#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

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
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
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
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// min(x, max_value) where x > threshold, negative_slope · (x − threshold) elsewhere.
/// Shapes: any → the same. Errors: ValueError for negative numbers.
class ReLU : public Layer {
 public:
  ReLU(ReLUConfig config = {});
};

struct SoftmaxConfig {
  int64_t axis = -1;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// exp(x) over its sum along `axis`. Shapes: any → the same.
/// Errors: ShapeError when there is no such axis.
class Softmax : public Layer {
 public:
  Softmax(SoftmaxConfig config = {});
};

}  // namespace danlu
