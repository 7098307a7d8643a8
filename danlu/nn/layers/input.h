#pragma once

#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct InputConfig {
  OptionalShape shape;  ///< of one sample, without the batch axis
  std::string name;
  std::string dtype;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("shape", c.shape), v("name", c.name), v("dtype", c.dtype);
  }
};

/// Declares the shape of one sample, so that a model is built at once: `Input({28, 28, 1})`. Passes
/// its input on. Unknown lengths are `kNone`.
/// Errors: ShapeError for inputs of another shape.
class Input : public Layer {
 public:
  Input(InputConfig config);
  Input(Shape shape) : Input(InputConfig{.shape = shape}) {}
};

}  // namespace danlu
