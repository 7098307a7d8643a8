#pragma once

#include <cstdint>
#include <string>

#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

/// Sizes are integers for all spatial axes or lists of one for each.
namespace danlu {

struct ConvConfig {
  int64_t filters = 0;   ///< required, ≥ 1
  Integers kernel_size;  ///< required
  Integers strides = 1;
  std::string padding = "valid";              ///< "valid", "same", or for Conv1D "causal"
  std::string data_format = "channels_last";  ///< or "channels_first"
  Integers dilation_rate = 1;
  int64_t groups = 1;
  ActivationFunction activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint bias_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("filters", c.filters), v("kernel_size", c.kernel_size), v("strides", c.strides);
    v("padding", c.padding), v("data_format", c.data_format);
    v("dilation_rate", c.dilation_rate), v("groups", c.groups);
    v("activation", c.activation), v("use_bias", c.use_bias);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    layer_fields(c, v);
  }
};

/// Convolution (cross-correlation) over sequences, images or volumes, then bias and activation.
/// Shapes: (batch, spatial axes …, channels) → (batch, spatial axes' …, filters); kernel
/// (kernel_size …, channels / groups, filters), bias (filters,). With "channels_first" the channels
/// come before the spatial axes. "causal" pads in front only, so that no step sees a later one.
/// Errors: ValueError for sizes < 1, unknown padding, strides together with dilation, or groups
/// that do not divide channels and filters; ShapeError for inputs that do not fit.
template <int rank>
class Conv : public Layer {
 public:
  Conv(ConvConfig config);
};
using Conv1D = Conv<1>;
using Conv2D = Conv<2>;
using Conv3D = Conv<3>;

struct ConvTransposeConfig {
  int64_t filters = 0;   ///< required, ≥ 1
  Integers kernel_size;  ///< required
  Integers strides = 1;
  std::string padding = "valid";              ///< or "same"
  Integers output_padding;                    ///< ≥ 0 and < strides; none: as Keras chooses it
  std::string data_format = "channels_last";  ///< or "channels_first"
  Integers dilation_rate = 1;
  ActivationFunction activation = "linear";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint kernel_constraint;
  Constraint bias_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("filters", c.filters), v("kernel_size", c.kernel_size), v("strides", c.strides);
    v("padding", c.padding), v("output_padding", c.output_padding);
    v("data_format", c.data_format), v("dilation_rate", c.dilation_rate);
    v("activation", c.activation), v("use_bias", c.use_bias);
    v("kernel_initializer", c.kernel_initializer), v("bias_initializer", c.bias_initializer);
    v("kernel_regularizer", c.kernel_regularizer), v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("kernel_constraint", c.kernel_constraint), v("bias_constraint", c.bias_constraint);
    layer_fields(c, v);
  }
};

/// The gradient of a convolution with respect to its input, as a layer: from a small image to a
/// large one. Shapes: as `Conv`, but kernel (kernel_size …, filters, channels). Without
/// `output_padding` an axis of length n becomes n · stride for "same" and
/// (n − 1) · stride + max(window, stride) for "valid".
/// Errors: as `Conv`; ValueError for an output_padding of strides or more.
template <int rank>
class ConvTranspose : public Layer {
 public:
  ConvTranspose(ConvTransposeConfig config);
};
using Conv1DTranspose = ConvTranspose<1>;
using Conv2DTranspose = ConvTranspose<2>;
using Conv3DTranspose = ConvTranspose<3>;

struct DepthwiseConvConfig {
  Integers kernel_size;  ///< required
  Integers strides = 1;
  std::string padding = "valid";  ///< or "same"
  int64_t depth_multiplier = 1;   ///< outputs of each channel, ≥ 1
  std::string data_format = "channels_last";
  Integers dilation_rate = 1;
  ActivationFunction activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint depthwise_constraint;
  Constraint bias_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("kernel_size", c.kernel_size), v("strides", c.strides), v("padding", c.padding);
    v("depth_multiplier", c.depth_multiplier), v("data_format", c.data_format);
    v("dilation_rate", c.dilation_rate), v("activation", c.activation);
    v("use_bias", c.use_bias), v("depthwise_initializer", c.depthwise_initializer);
    v("bias_initializer", c.bias_initializer);
    v("depthwise_regularizer", c.depthwise_regularizer);
    v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("depthwise_constraint", c.depthwise_constraint), v("bias_constraint", c.bias_constraint);
    layer_fields(c, v);
  }
};

/// Convolution of each channel with kernels of its own. Shapes: (batch, spatial axes …, channels) →
/// (batch, spatial axes' …, channels · depth_multiplier); kernel
/// (kernel_size …, channels, depth_multiplier). Errors: as `Conv`.
template <int rank>
class DepthwiseConv : public Layer {
 public:
  DepthwiseConv(DepthwiseConvConfig config);
};
using DepthwiseConv1D = DepthwiseConv<1>;
using DepthwiseConv2D = DepthwiseConv<2>;

struct SeparableConvConfig {
  int64_t filters = 0;   ///< required, ≥ 1
  Integers kernel_size;  ///< required
  Integers strides = 1;
  std::string padding = "valid";  ///< or "same"
  std::string data_format = "channels_last";
  Integers dilation_rate = 1;
  int64_t depth_multiplier = 1;  ///< ≥ 1
  ActivationFunction activation = "linear";
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer pointwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer;
  Regularizer pointwise_regularizer;
  Regularizer bias_regularizer;
  Regularizer activity_regularizer;
  Constraint depthwise_constraint;
  Constraint pointwise_constraint;
  Constraint bias_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("filters", c.filters), v("kernel_size", c.kernel_size), v("strides", c.strides);
    v("padding", c.padding), v("data_format", c.data_format);
    v("dilation_rate", c.dilation_rate), v("depth_multiplier", c.depth_multiplier);
    v("activation", c.activation), v("use_bias", c.use_bias);
    v("depthwise_initializer", c.depthwise_initializer);
    v("pointwise_initializer", c.pointwise_initializer);
    v("bias_initializer", c.bias_initializer);
    v("depthwise_regularizer", c.depthwise_regularizer);
    v("pointwise_regularizer", c.pointwise_regularizer);
    v("bias_regularizer", c.bias_regularizer);
    v("activity_regularizer", c.activity_regularizer);
    v("depthwise_constraint", c.depthwise_constraint);
    v("pointwise_constraint", c.pointwise_constraint), v("bias_constraint", c.bias_constraint);
    layer_fields(c, v);
  }
};

/// A depthwise convolution, then one of windows of one element that mixes the channels; bias and
/// activation come after both. Shapes: as `Conv`; depthwise_kernel
/// (kernel_size …, channels, depth_multiplier), pointwise_kernel
/// (1 …, channels · depth_multiplier, filters). Errors: as `Conv`.
/// Source: Chollet (2017).
template <int rank>
class SeparableConv : public Layer {
 public:
  SeparableConv(SeparableConvConfig config);
};
using SeparableConv1D = SeparableConv<1>;
using SeparableConv2D = SeparableConv<2>;

}  // namespace danlu
