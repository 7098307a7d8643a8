#pragma once

#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

/// Pooling over the spatial axes of sequences, images or volumes: (batch, spatial axes …,
/// channels), or (batch, channels, spatial axes …) with "channels_first".
namespace danlu {

struct PoolingConfig {
  Integers pool_size = 2;                     ///< for all spatial axes or for each
  Integers strides;                           ///< none: pool_size
  std::string padding = "valid";              ///< or "same"
  std::string data_format = "channels_last";  ///< or "channels_first"
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("pool_size", c.pool_size), v("strides", c.strides), v("padding", c.padding);
    v("data_format", c.data_format);
    layer_fields(c, v);
  }
};

/// The greatest element under a window. Shapes: each spatial axis gets shorter, the others stay.
/// Errors: ValueError for sizes < 1 or unknown padding; ShapeError for inputs that do not fit.
template <int rank>
class MaxPooling : public Layer {
 public:
  MaxPooling(PoolingConfig config = {});
};
using MaxPooling1D = MaxPooling<1>;
using MaxPooling2D = MaxPooling<2>;
using MaxPooling3D = MaxPooling<3>;

/// The mean under a window; padding does not count. Shapes and errors as MaxPooling.
template <int rank>
class AveragePooling : public Layer {
 public:
  AveragePooling(PoolingConfig config = {});
};
using AveragePooling1D = AveragePooling<1>;
using AveragePooling2D = AveragePooling<2>;
using AveragePooling3D = AveragePooling<3>;

struct GlobalPoolingConfig {
  std::string data_format = "channels_last";  ///< or "channels_first"
  bool keepdims = false;                      ///< whether the spatial axes stay, with length 1
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("data_format", c.data_format), v("keepdims", c.keepdims);
    layer_fields(c, v);
  }
};

/// The greatest element of each channel. Shapes: → (batch, channels).
/// Errors: ShapeError for inputs of another rank.
template <int rank>
class GlobalMaxPooling : public Layer {
 public:
  GlobalMaxPooling(GlobalPoolingConfig config = {});
};
using GlobalMaxPooling1D = GlobalMaxPooling<1>;
using GlobalMaxPooling2D = GlobalMaxPooling<2>;
using GlobalMaxPooling3D = GlobalMaxPooling<3>;

/// The mean of each channel; of GlobalAveragePooling1D over the steps that a mask leaves, NaN where
/// it leaves none, as in Keras. Shapes and errors as GlobalMaxPooling.
template <int rank>
class GlobalAveragePooling : public Layer {
 public:
  GlobalAveragePooling(GlobalPoolingConfig config = {});
};
using GlobalAveragePooling1D = GlobalAveragePooling<1>;
using GlobalAveragePooling2D = GlobalAveragePooling<2>;
using GlobalAveragePooling3D = GlobalAveragePooling<3>;

struct AdaptivePoolingConfig {
  Integers output_size;                       ///< required: lengths of the spatial axes
  std::string data_format = "channels_last";  ///< or "channels_first"
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("output_size", c.output_size), v("data_format", c.data_format);
    layer_fields(c, v);
  }
};

/// The greatest element under windows of almost equal size, so many that `output_size` comes out.
/// Errors: ValueError for sizes < 1; ShapeError for inputs of another rank.
template <int rank>
class AdaptiveMaxPooling : public Layer {
 public:
  AdaptiveMaxPooling(AdaptivePoolingConfig config);
};
using AdaptiveMaxPooling1D = AdaptiveMaxPooling<1>;
using AdaptiveMaxPooling2D = AdaptiveMaxPooling<2>;
using AdaptiveMaxPooling3D = AdaptiveMaxPooling<3>;

/// The mean under such windows. Errors as AdaptiveMaxPooling.
template <int rank>
class AdaptiveAveragePooling : public Layer {
 public:
  AdaptiveAveragePooling(AdaptivePoolingConfig config);
};
using AdaptiveAveragePooling1D = AdaptiveAveragePooling<1>;
using AdaptiveAveragePooling2D = AdaptiveAveragePooling<2>;
using AdaptiveAveragePooling3D = AdaptiveAveragePooling<3>;

}  // namespace danlu
