#pragma once

#include <functional>
#include <string>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

/// Layers that pass their input on, with something besides, and functions as layers.
namespace danlu {

struct IdentityConfig {
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    layer_fields(c, v);
  }
};

/// Passes its input on. (The initializer of this name is `initializers::Identity`.)
class Identity : public Layer {
 public:
  Identity(IdentityConfig config = {});
};

struct MaskingConfig {
  double mask_value = 0;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("mask_value", c.mask_value);
    layer_fields(c, v);
  }
};

/// Masks the steps whose features are all `mask_value`: makes them 0, and gives the mask of the
/// others to the layers behind it, whatever mask it was given itself.
/// Shapes: (batch, …, features) → the same, mask (batch, …).
class Masking : public Layer {
 public:
  Masking(MaskingConfig config = {});
};

struct ActivityRegularizationConfig {
  double l1 = 0;  ///< ≥ 0
  double l2 = 0;  ///< ≥ 0
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("l1", c.l1), v("l2", c.l2);
    layer_fields(c, v);
  }
};

/// Passes its input on and adds (l1 · Σ |x| + l2 · Σ x²) / batch size to the loss.
/// Errors: ValueError for negative factors.
class ActivityRegularization : public Layer {
 public:
  ActivityRegularization(ActivityRegularizationConfig config = {});
};

struct LambdaConfig {
  using Function = std::function<Array(const Array& x, const CallContext& context)>;
  Function function;              ///< required
  OptionalShape output_shape;     ///< without the batch axis; none: found by calling the function
  bool supports_masking = false;  ///< whether masks pass
  std::string name;
  std::string dtype;
  OptionalShape input_shape;
};

/// A function as a layer: `Lambda([](const Array& x) { return x * x; })`. It has no config, since a
/// function cannot be written to a file, and no file ever makes one.
/// Errors: ValueError without a function; UnsupportedError from `get_config`.
class Lambda : public Layer {
 public:
  Lambda(LambdaConfig config);
  Lambda(std::function<Array(const Array&)> function);
};

}  // namespace danlu
