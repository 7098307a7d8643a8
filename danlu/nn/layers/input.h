#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct InputConfig {
  OptionalShape shape;                ///< of one sample, without the batch axis
  std::optional<int64_t> batch_size;  ///< of every batch, where that is known
  std::string name;
  std::string dtype;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("shape", c.shape), v("batch_size", c.batch_size);
    v("name", c.name), v("dtype", c.dtype);
  }
};

/// Declares the shape of one sample, so that a model is built at once: `Input({28, 28, 1})`, or
/// begins a functional graph: `KerasTensor x = Input({784}); KerasTensor y = Dense({.units =
/// 10})(x);` Passes its input on. Unknown lengths are `kNone`. `dtype` may be any;
/// none: `floatx()`. Errors: ShapeError for inputs of another shape.
class Input : public Layer {
 public:
  Input(InputConfig config);
  Input(Shape shape) : Input(InputConfig{.shape = shape}) {}
  /// The same one for as long as somebody holds it.
  operator KerasTensor() const;
};

/// The tensor of a layer that `Input` made.
KerasTensor to_keras_tensor(const Layer& input);
/// Reads "batch_shape", as Keras writes it, or "shape".
Layer input_from_config(const Json& config);

}  // namespace danlu
