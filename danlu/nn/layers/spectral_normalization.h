#pragma once

#include <cstdint>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

namespace danlu {

struct SpectralNormalizationConfig {
  Layer layer{nullptr};          ///< required: one with a weight `kernel` or `embeddings`
  int64_t power_iterations = 1;  ///< ≥ 1, how often the singular value is refined in a step
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("layer", c.layer), v("power_iterations", c.power_iterations);
    layer_fields(c, v);
  }
};

/// A layer whose kernel is divided by its greatest singular value while training, so that it
/// changes no input by more than its length. The vectors of the power iteration count as constants.
/// As Keras's `fit` on JAX does it, the division holds for the call alone: the kernel keeps its
/// length, and it is what is used when not training. (On other backends Keras stores the quotient.)
/// A regularizer of the kernel sees the quotient after a call in training.
/// The output has the input's dtype, so that an Embedding's is cut to integers, as in Keras.
/// The kernel is counted among the wrapper's own weights, as in Keras's files.
/// Shapes: those of the layer; vector_u (1, last length of the kernel).
/// Errors: ValueError for a layer without such a weight, or power_iterations < 1.
/// Source: Miyato et al. (2018).
class SpectralNormalization : public Layer {
 public:
  SpectralNormalization(SpectralNormalizationConfig config);
};

}  // namespace danlu
