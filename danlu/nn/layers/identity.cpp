#include "danlu/nn/layers/identity.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

class IdentityImpl final : public ConfiguredLayer<IdentityConfig> {
 public:
  explicit IdentityImpl(IdentityConfig c) : ConfiguredLayer("Identity", std::move(c)) {}
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override { return x; }
};

class MaskingImpl final : public ConfiguredLayer<MaskingConfig> {
 public:
  explicit MaskingImpl(MaskingConfig c) : ConfiguredLayer("Masking", std::move(c)) {}
  bool supports_masking() const override { return true; }
  std::vector<Array> compute_mask(const std::vector<Array>& inputs,
                                  const std::vector<Array>&) const override {
    return {counts(inputs.at(0), false)};
  }

 private:
  Array counts(const Array& x, bool keepdims) const {
    return any(not_equal(x, Array::scalar(config().mask_value, x.dtype())), {-1}, keepdims);
  }
  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 2);
    return input;
  }
  Array call(const Array& x, const CallContext&) override {
    return danlu::where(counts(x, true), x, Array::scalar(0, x.dtype()));
  }
};

class ActivityRegularizationImpl final : public ConfiguredLayer<ActivityRegularizationConfig> {
 public:
  explicit ActivityRegularizationImpl(ActivityRegularizationConfig c)
      : ConfiguredLayer("ActivityRegularization", std::move(c)) {
    with_error_context(where(), [&] {
      set_activity_regularizer(regularizers::L1L2({.l1 = config().l1, .l2 = config().l2}));
    });
  }
  bool supports_masking() const override { return true; }
  Json get_config() const override {
    return without(ConfiguredLayer::get_config(), {"activity_regularizer"});
  }

 private:
  Shape output_shape(const Shape& input) const override { return input; }
  Array call(const Array& x, const CallContext&) override { return x; }
};

class LambdaImpl final : public LayerImpl {
 public:
  explicit LambdaImpl(LambdaConfig c)
      : LayerImpl("Lambda", {c.name, c.dtype, true, c.input_shape}), config_(std::move(c)) {
    if (config_.function) return;
    throw ValueError({.where = where(), .what = "`function` is missing"});
  }
  bool supports_masking() const override { return config_.supports_masking; }
  Json get_config() const override {
    throw UnsupportedError({.where = where(),
                            .what = "A function cannot be written to a config",
                            .hint = "derive a layer of your own from LayerImpl"});
  }

 private:
  /// What the function makes of zeros in this shape; nothing is computed.
  Shape shape_from(const Shape& input) const {
    return config_.function(zeros(input, compute_dtype()), {}).shape();
  }
  static Shape with_unknown(Shape shape, int64_t length) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] == kNone) shape = shape.with_dim(i, length);
    }
    return shape;
  }

  Shape output_shape(const Shape& input) const override {
    if (config_.output_shape.defined()) {
      return config_.output_shape.value().with_axis_inserted(0, input.rank() > 0 ? input[0] : 1);
    }
    if (input.is_known()) return shape_from(input);
    // A dimension that changes with the unknown ones is unknown.
    const Shape a = shape_from(with_unknown(input, 2)), b = shape_from(with_unknown(input, 3));
    Shape output = a;
    for (int i = 0; i < a.rank() && i < b.rank(); ++i) {
      if (a[i] != b[i]) output = output.with_dim(i, kNone);
    }
    return output;
  }
  Array call(const Array& x, const CallContext& context) override {
    return config_.function(x, context);
  }

  LambdaConfig config_;
};

}  // namespace

Identity::Identity(IdentityConfig config)
    : Layer(std::make_shared<IdentityImpl>(std::move(config))) {}

Masking::Masking(MaskingConfig config) : Layer(std::make_shared<MaskingImpl>(std::move(config))) {}

ActivityRegularization::ActivityRegularization(ActivityRegularizationConfig config)
    : Layer(std::make_shared<ActivityRegularizationImpl>(std::move(config))) {}

Lambda::Lambda(LambdaConfig config) : Layer(std::make_shared<LambdaImpl>(std::move(config))) {}
Lambda::Lambda(std::function<Array(const Array&)> function)
    : Lambda(LambdaConfig{
          .function = [function = std::move(function)](const Array& x, const CallContext&) {
            return function(x);
          }}) {}

}  // namespace danlu
