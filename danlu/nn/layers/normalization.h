#pragma once

#include <cstdint>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

/// Normalizations of each sample by itself; danlu/nn/layers/batch_normalization.h has the one over
/// the batch.
namespace danlu {

struct LayerNormalizationConfig {
  Integers axis = -1;  ///< the axes normalized together: `-1` or `{1, 2}`
  double epsilon = 1e-3;
  bool center = true;        ///< whether beta is added
  bool scale = true;         ///< whether gamma multiplies
  bool rms_scaling = false;  ///< x / √(variance + epsilon) · gamma alone; deprecated in Keras
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Regularizer beta_regularizer;
  Regularizer gamma_regularizer;
  Constraint beta_constraint;
  Constraint gamma_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis), v("epsilon", c.epsilon), v("center", c.center), v("scale", c.scale);
    v("rms_scaling", c.rms_scaling);
    v("beta_initializer", c.beta_initializer), v("gamma_initializer", c.gamma_initializer);
    v("beta_regularizer", c.beta_regularizer), v("gamma_regularizer", c.gamma_regularizer);
    v("beta_constraint", c.beta_constraint), v("gamma_constraint", c.gamma_constraint);
    layer_fields(c, v);
  }
};

/// x with mean 0 and variance 1 over `axis`, times gamma, plus beta.
/// Shapes: any → the same; gamma and beta have the lengths of `axis`, sorted as numbers, so that of
/// {1, -1} the last comes first, as in Keras.
/// Errors: ShapeError when there is no such axis. Source: Ba, Kiros, Hinton (2016).
class LayerNormalization : public Layer {
 public:
  LayerNormalization(LayerNormalizationConfig config = {});
};

struct GroupNormalizationConfig {
  int64_t groups = 32;  ///< ≥ 1, or −1: as many as channels (instance normalization)
  int64_t axis = -1;    ///< of the channels; not the batch axis
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Regularizer beta_regularizer;
  Regularizer gamma_regularizer;
  Constraint beta_constraint;
  Constraint gamma_constraint;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("groups", c.groups), v("axis", c.axis), v("epsilon", c.epsilon);
    v("center", c.center), v("scale", c.scale);
    v("beta_initializer", c.beta_initializer), v("gamma_initializer", c.gamma_initializer);
    v("beta_regularizer", c.beta_regularizer), v("gamma_regularizer", c.gamma_regularizer);
    v("beta_constraint", c.beta_constraint), v("gamma_constraint", c.gamma_constraint);
    layer_fields(c, v);
  }
};

/// Each group of channels of a sample with mean 0 and variance 1, times gamma, plus beta.
/// Shapes: (batch, …) → the same; gamma, beta (channels,).
/// Errors: ValueError for such a number of groups; ShapeError when it does not divide the channels.
/// Source: Wu and He (2018).
class GroupNormalization : public Layer {
 public:
  GroupNormalization(GroupNormalizationConfig config = {});
};

struct RMSNormalizationConfig {
  Integers axis = -1;
  double epsilon = 1e-6;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis), v("epsilon", c.epsilon);
    layer_fields(c, v);
  }
};

/// x / √(mean(x²) + epsilon) · scale over `axis`.
/// Shapes: any → the same; scale has the lengths of `axis`. As in Keras it stands along the last
/// axes whatever `axis` is, so that other axes work only where the lengths happen to agree, and
/// masks do not pass.
/// Errors: ShapeError when there is no such axis or the scale does not fit the last ones.
/// Source: Zhang and Sennrich (2019).
class RMSNormalization : public Layer {
 public:
  RMSNormalization(RMSNormalizationConfig config = {});
};

struct UnitNormalizationConfig {
  Integers axis = -1;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis);
    layer_fields(c, v);
  }
};

/// x / max(‖x‖, 1e-12), the Euclidean norm being taken over `axis`. Shapes: any → the same.
/// Errors: ShapeError when there is no such axis.
class UnitNormalization : public Layer {
 public:
  UnitNormalization(UnitNormalizationConfig config = {});
};

}  // namespace danlu
