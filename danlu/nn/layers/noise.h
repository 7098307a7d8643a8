#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

/// Layers that disturb their input while training and pass it on otherwise. Each has a state of its
/// random numbers, a variable that each step moves on.
namespace danlu {

struct SpatialDropoutConfig {
  double rate = 0;                            ///< share of the channels that become 0, in [0, 1]
  std::optional<int64_t> seed;                ///< none: from `set_random_seed`'s sequence
  std::string data_format = "channels_last";  ///< or "channels_first"; not of SpatialDropout1D
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("rate", c.rate), v("seed", c.seed), v("data_format", c.data_format);
    layer_fields(c, v);
  }
};

/// Sets whole channels of a sample to 0 at random and multiplies the others by 1 / (1 − rate).
/// Shapes: (batch, spatial axes …, channels) → the same.
/// Errors: ValueError for a rate outside [0, 1]; ShapeError for another rank.
/// Source: Tompson et al. (2014).
template <int rank>
class SpatialDropout : public Layer {
 public:
  SpatialDropout(SpatialDropoutConfig config);
};
using SpatialDropout1D = SpatialDropout<1>;
using SpatialDropout2D = SpatialDropout<2>;
using SpatialDropout3D = SpatialDropout<3>;

struct AlphaDropoutConfig {
  double rate = 0;              ///< share of the elements that are dropped, in [0, 1]
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

/// Dropout that keeps mean 0 and variance 1, for selu: what is dropped becomes selu's lower bound,
/// and all is scaled and shifted. Shapes: any → the same.
/// Errors: ValueError for a rate outside [0, 1]. Source: Klambauer et al. (2017).
class AlphaDropout : public Layer {
 public:
  AlphaDropout(AlphaDropoutConfig config);
};

struct GaussianDropoutConfig {
  double rate = 0;              ///< as of Dropout, in [0, 1)
  std::optional<int64_t> seed;  ///< none: from `set_random_seed`'s sequence
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("rate", c.rate), v("seed", c.seed);
    layer_fields(c, v);
  }
};

/// Multiplies by normal numbers of mean 1 and standard deviation √(rate / (1 − rate)).
/// Shapes: any → the same. Errors: ValueError for a rate outside [0, 1); Keras takes 1 and then
/// divides by 0. Source: Srivastava et al. (2014).
class GaussianDropout : public Layer {
 public:
  GaussianDropout(GaussianDropoutConfig config);
};

struct GaussianNoiseConfig {
  double stddev = 0;            ///< in [0, 1], as Keras wants it
  std::optional<int64_t> seed;  ///< none: from `set_random_seed`'s sequence
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("stddev", c.stddev), v("seed", c.seed);
    layer_fields(c, v);
  }
};

/// Adds normal numbers of mean 0. Shapes: any → the same.
/// Errors: ValueError for a stddev outside [0, 1].
class GaussianNoise : public Layer {
 public:
  GaussianNoise(GaussianNoiseConfig config);
};

}  // namespace danlu
