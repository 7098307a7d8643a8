#pragma once

#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct FlattenConfig {
  std::string data_format = "channels_last";  ///< "channels_first": axis 1 goes last before
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("data_format", c.data_format);
    layer_fields(c, v);
  }
};

/// Each sample as a vector. Shapes: (batch, a, b, …) → (batch, a · b · …); (batch,) → (batch, 1).
class Flatten : public Layer {
 public:
  Flatten(FlattenConfig config = {});
};

}  // namespace danlu
