#pragma once

#include <map>
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
#include "danlu/nn/dtype_policy.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/keras_tensor.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

/// How a layer is being called.
struct CallContext {
  bool training = false;
  /// Which steps of each input count: bool (batch, time), undefined where all do. May be shorter
  /// than the inputs.
  std::vector<Array> masks = {};
  /// Further arguments of Keras's `call` by name: {"use_causal_mask": true}.
  Json arguments = {};
  /// Those that are tensors: {"attention_mask", mask}.
  std::map<std::string, Array> tensors = {};

  /// The mask of an input; undefined where there is none.
  Array mask(size_t input = 0) const { return input < masks.size() ? masks[input] : Array(); }
  /// An argument; `fallback` where it was not given. Errors: ValueError when it is no bool.
  bool flag(const std::string& name, bool fallback = false) const {
    return flag_of(arguments, name, fallback);
  }
  static bool flag_of(const Json& arguments, const std::string& name, bool fallback = false);
  /// A tensor argument; undefined where it was not given.
  Array tensor(const std::string& name) const;
};

/// What a layer gives: its outputs, and the mask of each (undefined or missing: every step counts).
struct LayerOutputs {
  std::vector<Array> values;
  std::vector<Array> masks;
};

/// What every layer's config ends with.
struct LayerOptions {
  std::string name;   ///< empty: "dense", "dense_1", …
  std::string dtype;  ///< name of a policy; empty: dtype_policy()
  bool trainable = true;
  OptionalShape input_shape;  ///< without the batch axis
  bool any_dtype = false;     ///< also those one cannot compute in
};

class Layer;

/// What a layer is made of: the class to derive from for a layer of one's own, which users then
/// hold through a `Layer`. A derived class says its output shape and how it computes, and makes
/// its weights in `build`. A layer of several inputs or outputs overrides `output_shapes`,
/// `build_inputs` and `call_inputs` instead of `output_shape`, `build` and `call`.
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
  /// dtype of the weights.
  DType dtype() const { return policy_.variable_dtype; }
  DType variable_dtype() const { return policy_.variable_dtype; }
  /// dtype of the computation and the output. Where it is another one, `call` reads weights in it.
  DType compute_dtype() const { return policy_.compute_dtype; }
  const DTypePolicy& dtype_policy() const { return policy_; }
  const OptionalShape& declared_input_shape() const { return options_.input_shape; }
  /// "Dense 'dense_1'", as errors name it.
  std::string where() const;

  bool trainable() const { return options_.trainable; }
  virtual void set_trainable(bool trainable) { options_.trainable = trainable; }

  bool built() const { return built_; }
  /// Makes the weights for inputs of these shapes, batch axis included. Once is enough.
  /// Errors: ShapeError naming the layer.
  void ensure_built(const std::vector<Shape>& input_shapes);
  void ensure_built(const Shape& input_shape) { ensure_built(std::vector<Shape>{input_shape}); }
  /// What it was built for.
  const std::vector<Shape>& build_shapes() const { return build_shapes_; }

  /// Builds if need be, checks the shapes, brings the inputs to the layer's dtype, and calls.
  /// Errors: those of `call`, with the layer's name in front.
  LayerOutputs apply(const std::vector<Array>& inputs, const CallContext& context = {});
  /// The only output. Errors: as `apply`; ValueError when there are several outputs.
  Array operator()(const Array& x, const CallContext& context = {});

  /// Shapes of the outputs, batch axis included; unknown dimensions stay unknown. `arguments` are
  /// those of the call, as in CallContext. Errors: ShapeError when inputs of these shapes do not
  /// fit.
  std::vector<Shape> compute_output_shapes(const std::vector<Shape>& input_shapes,
                                           const Json& arguments = {}) const;
  /// The only output's. Errors: also ValueError when there are several.
  Shape compute_output_shape(const Shape& input_shape) const;

  /// Whether masks of the inputs mean something to this layer or pass through it.
  virtual bool supports_masking() const { return false; }
  /// Masks of the outputs; default: those of the inputs, when the layer supports masking.
  virtual std::vector<Array> compute_mask(const std::vector<Array>& inputs,
                                          const std::vector<Array>& masks) const;
  /// Names that Keras's `call` has for the inputs, in order; the last one takes what remains, as a
  /// list when that is more than one: {"query", "value", "key"}, {"sequence", "initial_state"}.
  virtual std::vector<std::string> input_arguments() const { return {"inputs"}; }

  /// All weights, in order of creation; shared ones once.
  std::vector<Variable> weights() const;
  /// Those of no sublayer.
  const std::vector<Variable>& own_weights() const { return weights_; }
  /// Layers inside this one, whose weights are its own too.
  virtual std::vector<Layer> sublayers() const;
  std::vector<Variable> trainable_weights() const;
  std::vector<Variable> non_trainable_weights() const;
  /// Everything a step changes besides the trainable weights: also the states of random numbers.
  std::vector<Variable> non_trainable_variables() const;
  /// Elements of all weights.
  int64_t count_params() const;
  /// What is added to the loss: by regularizers of trainable weights and by `add_loss` in the
  /// latest call; a scalar each.
  virtual std::vector<Array> losses() const;
  /// Forgets what calls have added. A call of the outermost layer begins with it.
  virtual void clear_losses();
  /// What it gives for each output, divided by the batch size, is added to the loss.
  const Regularizer& activity_regularizer() const { return activity_regularizer_; }
  void set_activity_regularizer(Regularizer regularizer) {
    activity_regularizer_ = std::move(regularizer);
  }
  /// Whether there are states that only a call can make, because it knows the size of the batch.
  virtual bool awaits_batch() const;
  /// Brings trainable weights under their constraints, as each training step does.
  void apply_constraints();

  /// The config as Keras's `get_config` gives it; the layer's name and dtype are always filled in.
  virtual Json get_config() const = 0;

 protected:
  /// For one input and one output. Errors, unless overridden: ValueError.
  virtual Shape output_shape(const Shape& input_shape) const;
  virtual Array call(const Array& x, const CallContext& context);
  virtual void build(const Shape& /*input_shape*/) {}

  /// For any number of them; default: the functions above.
  virtual std::vector<Shape> output_shapes(const std::vector<Shape>& input_shapes) const;
  /// For layers whose outputs depend on the arguments of the call.
  virtual std::vector<Shape> output_shapes_of_call(const std::vector<Shape>& input_shapes,
                                                   const Json& arguments) const;
  virtual std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                         const CallContext& context);
  virtual void build_inputs(const std::vector<Shape>& input_shapes);
  /// For layers that know the masks of their outputs only by computing them: networks.
  virtual LayerOutputs call_with_masks(const std::vector<Array>& inputs,
                                       const CallContext& context);

  /// Whether inputs and, inside a layer of another dtype, weights are read in `compute_dtype()`;
  /// false for layers that take care of dtypes themselves (Keras's `autocast`).
  virtual bool autocast() const { return true; }
  /// Whether inputs are cast to `compute_dtype()` before `call`.
  virtual bool casts_input() const { return autocast(); }

  /// Adds a scalar to the loss of the model; to be called in `call`.
  void add_loss(const Array& loss) { call_losses_.push_back(loss); }

  Variable add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                      bool trainable = true);
  /// A trainable weight with what its config says of it.
  Variable add_weight(std::string name, const Shape& shape, const Initializer& initializer,
                      Regularizer regularizer, Constraint constraint = {});
  /// Counts a weight of a layer inside among one's own too, as Keras does with what is an attribute
  /// of both.
  void adopt_weight(const Variable& weight) { weights_.push_back(weight); }
  /// The state {seed, counter} of random numbers, which is no weight.
  Variable add_seed_state(std::optional<int64_t> seed);
  /// Zeros of `variable_dtype()` that calls change and that are no weight.
  Variable add_state(std::string name, const Shape& shape);

 private:
  std::vector<Variable> collect(bool want_trainable) const;
  [[noreturn]] void refuse_count(const char* what, size_t count) const;

  std::string type_;
  LayerOptions options_;
  bool named_;
  DTypePolicy policy_;
  bool built_ = false;
  std::vector<Shape> build_shapes_;
  struct Rule {
    Variable weight;
    Regularizer regularizer;
    Constraint constraint;
  };
  std::vector<Variable> weights_;
  std::vector<Rule> rules_;
  Regularizer activity_regularizer_;
  std::vector<Array> call_losses_;
  std::vector<Variable> states_;
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
  std::vector<Array> operator()(const std::vector<Array>& inputs,
                                const CallContext& context = {}) const {
    return impl_->apply(inputs, context).values;
  }
  /// Notes the call in a functional graph: `KerasTensor y = Dense({.units = 8})(x);`
  /// Errors: ShapeError; ValueError when the layer gives several outputs.
  KerasTensor operator()(const KerasTensor& x, const SymbolicArguments& arguments = {}) const;
  std::vector<KerasTensor> operator()(const std::vector<KerasTensor>& inputs,
                                      const SymbolicArguments& arguments = {}) const;
  std::vector<Variable> weights() const { return impl_->weights(); }
  friend bool operator==(const Layer& a, const Layer& b) { return a.impl_ == b.impl_; }

 private:
  std::shared_ptr<LayerImpl> impl_;
};

}  // namespace danlu
