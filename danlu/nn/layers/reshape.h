#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct ReshapeConfig {
  std::vector<int64_t> target_shape;  ///< of one sample; one dimension may be −1
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("target_shape", c.target_shape);
    layer_fields(c, v);
  }
};

/// Each sample in another shape. Shapes: (batch, …) → (batch, target_shape…).
/// Errors: ValueError for more than one −1; ShapeError unless the counts agree.
class Reshape : public Layer {
 public:
  Reshape(ReshapeConfig config);
};

}  // namespace danlu
