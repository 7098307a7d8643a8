#include "danlu/nn/layers/activation.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/nn.h"

namespace danlu {
namespace {

class ActivationImpl final : public ConfiguredLayer<ActivationConfig> {
 public:
  explicit ActivationImpl(ActivationConfig c) : ConfiguredLayer("Activation", std::move(c)) {}
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override { return config().activation(x); }
};

/// Errors: ValueError unless value ≥ 0.
void check_not_negative(const std::string& where, const char* field, double value) {
  if (value >= 0) return;
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` must not be negative",
                    .received = field + ("=" + number_text(value))});
}

class ReLUImpl final : public ConfiguredLayer<ReLUConfig> {
 public:
  explicit ReLUImpl(ReLUConfig c) : ConfiguredLayer("ReLU", std::move(c)) {
    check_not_negative(where(), "max_value", config().max_value.value_or(0));
    check_not_negative(where(), "negative_slope", config().negative_slope);
    check_not_negative(where(), "threshold", config().threshold);
  }
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override { return input; }

  Array call(const Array& x, const CallContext&) override {
    const ReLUConfig& c = config();
    return activations::relu(
        x,
        {.negative_slope = c.negative_slope, .max_value = c.max_value, .threshold = c.threshold});
  }
};

class LeakyReLUImpl final : public ConfiguredLayer<LeakyReLUConfig> {
 public:
  explicit LeakyReLUImpl(LeakyReLUConfig c) : ConfiguredLayer("LeakyReLU", std::move(c)) {
    check_not_negative(where(), "negative_slope", config().negative_slope);
  }
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override {
    return leaky_relu(x, config().negative_slope);
  }
};

class PReLUImpl final : public ConfiguredLayer<PReLUConfig> {
 public:
  explicit PReLUImpl(PReLUConfig c) : ConfiguredLayer("PReLU", std::move(c)) {
    Integers& shared = mutable_config().shared_axes;
    if (shared.defined()) shared = Integers(shared.values());
    for (const int64_t axis : shared.values()) check_at_least(where(), "shared_axes", axis, 1);
  }
  bool supports_masking() const override { return true; }

 private:
  Shape alpha_shape(const Shape& input) const {
    Shape shape = input.without_axis(0);
    for (const int64_t axis : config().shared_axes.values()) {
      const int i = normalize_axis(axis, input.rank(), "shared_axes");
      shape = shape.with_dim(i - 1, 1);
    }
    return shape;
  }

  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 2);
    const Shape wanted = alpha_shape(input);
    for (int i = 0; i < wanted.rank(); ++i) {
      if (wanted[i] == kNone) check_known_axis(input, i + 1);
    }
    if (!built() || wanted == alpha_.shape()) return input;
    throw ShapeError({.what = "The input does not fit the weights",
                      .expected = "samples that broadcast with " + alpha_.shape().to_string() +
                                  ", as when the layer was built",
                      .received = input.to_string()});
  }

  void build(const Shape& input) override {
    const PReLUConfig& c = config();
    alpha_ = add_weight("alpha", alpha_shape(input), c.alpha_initializer, c.alpha_regularizer,
                        c.alpha_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    return relu(x) - cast(alpha_, x.dtype()) * relu(-x);
  }

  Variable alpha_;
};

class ELUImpl final : public ConfiguredLayer<ELUConfig> {
 public:
  explicit ELUImpl(ELUConfig c) : ConfiguredLayer("ELU", std::move(c)) {}
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override { return elu(x, config().alpha); }
};

class SoftmaxImpl final : public ConfiguredLayer<SoftmaxConfig> {
 public:
  explicit SoftmaxImpl(SoftmaxConfig c) : ConfiguredLayer("Softmax", std::move(c)) {}
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override {
    normalized_axes(config().axis, input);
    return input;
  }

  Array call(const Array& x, const CallContext& context) override {
    const Array mask = context.mask();
    if (!mask.defined()) return along_axes(x);
    const double low = x.dtype() == DType::float16 ? -3e4 : -1e9;
    const Array kept = cast(mask, DType::bool_);
    const Array y = along_axes(danlu::where(kept, x, Array::scalar(low, x.dtype())));
    return danlu::where(kept, y, Array::scalar(0, x.dtype()));
  }

  Array along_axes(const Array& x) const {
    const auto& axes = config().axis.values();
    return axes.size() == 1 ? softmax(x, axes[0]) : softmax(x, axes);
  }
};

}  // namespace

Activation::Activation(ActivationConfig config)
    : Layer(std::make_shared<ActivationImpl>(std::move(config))) {}
Activation::Activation(const char* activation)
    : Activation(ActivationConfig{.activation = activation}) {}

LeakyReLU::LeakyReLU(LeakyReLUConfig config)
    : Layer(std::make_shared<LeakyReLUImpl>(std::move(config))) {}

PReLU::PReLU(PReLUConfig config) : Layer(std::make_shared<PReLUImpl>(std::move(config))) {}

ELU::ELU(ELUConfig config) : Layer(std::make_shared<ELUImpl>(std::move(config))) {}

ReLU::ReLU(ReLUConfig config) : Layer(std::make_shared<ReLUImpl>(std::move(config))) {}

Softmax::Softmax(SoftmaxConfig config) : Layer(std::make_shared<SoftmaxImpl>(std::move(config))) {}

}  // namespace danlu
