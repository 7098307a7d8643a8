#pragma once

#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct Pooling2DConfig {
  Size2D pool_size = {2, 2};
  Size2D strides = std::nullopt;  ///< std::nullopt: pool_size
  std::string padding = "valid";  ///< "valid" or "same"
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("pool_size", c.pool_size), v("strides", c.strides), v("padding", c.padding);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// The greatest element under a window.
/// Shapes: (batch, height, width, channels) → (batch, height', width', channels).
/// Errors: ValueError for sizes < 1 or unknown padding; ShapeError for inputs that do not fit.
class MaxPooling2D : public Layer {
 public:
  MaxPooling2D(Pooling2DConfig config = {});
};

/// The mean under a window; padding does not count. Shapes and errors as MaxPooling2D.
class AveragePooling2D : public Layer {
 public:
  AveragePooling2D(Pooling2DConfig config = {});
};

}  // namespace danlu
