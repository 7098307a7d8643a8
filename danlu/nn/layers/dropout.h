#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct DropoutConfig {
  double rate = 0;              ///< share of the elements that become 0, in [0, 1]
  std::optional<int64_t> seed;  ///< none: from `set_random_seed`'s sequence
  OptionalShape noise_shape;    ///< batch included: axes of length 1 share one draw
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("rate", c.rate), v("seed", c.seed), v("noise_shape", c.noise_shape);
    layer_fields(c, v);
  }
};

/// While training, sets elements to 0 at random and multiplies the others by 1 / (1 − rate);
/// otherwise passes its input on. The state of its random numbers is a variable that each step
/// moves on. Shapes: any → the same. Unknown dimensions of `noise_shape` are the
/// input's. Errors: ValueError for a rate outside [0, 1].
/// Source: Srivastava et al. (2014).
class Dropout : public Layer {
 public:
  Dropout(DropoutConfig config);
  Dropout(double rate) : Dropout(DropoutConfig{.rate = rate}) {}
};

}  // namespace danlu
