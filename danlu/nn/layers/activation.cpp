#include "danlu/nn/layers/activation.h"

#include <cmath>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/nn.h"

namespace danlu {
namespace {

class ActivationImpl final : public ConfiguredLayer<ActivationConfig> {
 public:
  explicit ActivationImpl(ActivationConfig c) : ConfiguredLayer("Activation", std::move(c)) {}

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override { return config().activation(x); }
};

class ReLUImpl final : public ConfiguredLayer<ReLUConfig> {
 public:
  explicit ReLUImpl(ReLUConfig c) : ConfiguredLayer("ReLU", std::move(c)) {
    check("max_value", config().max_value.value_or(0));
    check("negative_slope", config().negative_slope);
    check("threshold", config().threshold);
  }

 private:
  void check(const char* field, double value) const {
    if (value >= 0) return;
    throw ValueError({.where = where(),
                      .what = std::string("`") + field + "` must not be negative",
                      .received = field + ("=" + number_text(value))});
  }

  Shape output_shape(const Shape& input) const override { return input; }

  Array call(const Array& x, const CallContext&) override {
    const ReLUConfig& c = config();
    return activations::relu(
        x,
        {.negative_slope = c.negative_slope, .max_value = c.max_value, .threshold = c.threshold});
  }
};

class SoftmaxImpl final : public ConfiguredLayer<SoftmaxConfig> {
 public:
  explicit SoftmaxImpl(SoftmaxConfig c) : ConfiguredLayer("Softmax", std::move(c)) {}

 private:
  Shape output_shape(const Shape& input) const override {
    normalize_axis(config().axis, input.rank(), "axis");
    return input;
  }
  Array call(const Array& x, const CallContext&) override { return softmax(x, config().axis); }
};

}  // namespace

Activation::Activation(ActivationConfig config)
    : Layer(std::make_shared<ActivationImpl>(std::move(config))) {}
Activation::Activation(const char* activation)
    : Activation(ActivationConfig{.activation = activation}) {}

ReLU::ReLU(ReLUConfig config) : Layer(std::make_shared<ReLUImpl>(std::move(config))) {}

Softmax::Softmax(SoftmaxConfig config) : Layer(std::make_shared<SoftmaxImpl>(std::move(config))) {}

}  // namespace danlu
