#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/variable.h"
#include "danlu/io/json.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

/// How a layer is being called.
struct CallContext {
  bool training = false;
};

/// What every layer's config ends with.
struct LayerOptions {
  std::string name;   ///< empty: "dense", "dense_1", …
  std::string dtype;  ///< empty: floatx()
  bool trainable = true;
  OptionalShape input_shape;  ///< without the batch axis
};

class Layer;

/// What a layer is made of: the class to derive from for a layer of one's own, which users then
/// hold through a `Layer`. A derived class says its output shape and how it computes, and makes
/// its weights in `build`.
class LayerImpl {
 public:
  LayerImpl(std::string_view type, LayerOptions options);
  virtual ~LayerImpl() = default;
  LayerImpl(const LayerImpl&) = delete;
  LayerImpl& operator=(const LayerImpl&) = delete;

  /// The class as Keras names it: "Dense".
  const std::string& type() const { return type_; }
  const std::string& name() const { return options_.name; }
  /// Whether `name` was given, not counted.
  bool is_named() const { return named_; }
  /// dtype of the weights, the computation and the output.
  DType dtype() const { return dtype_; }
  const OptionalShape& declared_input_shape() const { return options_.input_shape; }
  /// "Dense 'dense_1'", as errors name it.
  std::string where() const;

  bool trainable() const { return options_.trainable; }
  virtual void set_trainable(bool trainable) { options_.trainable = trainable; }

  bool built() const { return built_; }
  /// Makes the weights for inputs of `input_shape`, batch axis included. Once is enough.
  /// Errors: ShapeError naming the layer.
  void ensure_built(const Shape& input_shape);

  /// Builds if need be, checks the shape, brings `x` to the layer's dtype, and calls.
  /// Errors: those of `call`, with the layer's name in front.
  Array operator()(const Array& x, const CallContext& context = {});

  /// Shape of the output, batch axis included; unknown dimensions stay unknown.
  /// Errors: ShapeError when an input of this shape does not fit.
  Shape compute_output_shape(const Shape& input_shape) const;

  /// All weights, in order of creation.
  std::vector<Variable> weights() const;
  std::vector<Variable> trainable_weights() const;
  std::vector<Variable> non_trainable_weights() const;
  /// Everything a step changes besides the trainable weights: also the states of random numbers.
  std::vector<Variable> non_trainable_variables() const;
  /// Elements of all weights.
  int64_t count_params() const;
  /// What the regularizers of trainable weights add to the loss: a scalar each.
  std::vector<Array> losses() const;
  /// Brings trainable weights under their constraints, as each training step does.
  void apply_constraints();

  /// The config as Keras's `get_config` gives it; the layer's name and dtype are always filled in.
  virtual Json get_config() const = 0;

 protected:
  virtual Shape output_shape(const Shape& input_shape) const = 0;
  virtual Array call(const Array& x, const CallContext& context) = 0;
  virtual void build(const Shape& /*input_shape*/) {}
  /// Layers inside this one, whose weights are its own.
  virtual std::vector<Layer> sublayers() const;
  /// Whether `x` is cast to `dtype()` before `call`.
  virtual bool casts_input() const { return true; }

  Variable add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                      bool trainable = true);
  /// A trainable weight with what its config says of it.
  Variable add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                      Regularizer regularizer, Constraint constraint = {});
  /// The state {seed, counter} of random numbers, which is no weight.
  Variable add_seed_state(std::optional<int64_t> seed);

 private:
  std::vector<Variable> collect(bool want_trainable) const;

  std::string type_;
  LayerOptions options_;
  bool named_;
  DType dtype_;
  bool built_ = false;
  struct Rule {
    Variable weight;
    Regularizer regularizer;
    Constraint constraint;
  };
  std::vector<Variable> weights_;
  std::vector<Rule> rules_;
  std::vector<Variable> seed_states_;
};

/// A handle on a layer. Copies share it, as two Python names share one object; `clone` makes a
/// new one.
class Layer {
 public:
  explicit Layer(std::shared_ptr<LayerImpl> impl) : impl_(std::move(impl)) {}

  LayerImpl* operator->() const { return impl_.get(); }
  const std::shared_ptr<LayerImpl>& impl() const { return impl_; }
  const std::string& name() const { return impl_->name(); }
  /// Shapes: with the batch axis.
  Array operator()(const Array& x, const CallContext& context = {}) const {
    return (*impl_)(x, context);
  }
  std::vector<Variable> weights() const { return impl_->weights(); }
  friend bool operator==(const Layer& a, const Layer& b) { return a.impl_ == b.impl_; }

 private:
  std::shared_ptr<LayerImpl> impl_;
};

}  // namespace danlu
