#include "danlu/nn/layers/normalization.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// The lengths of `axes`, sorted as the numbers they are: what Keras gives the weights.
Shape lengths_of(const Integers& axes, const Shape& input) {
  std::vector<int64_t> sorted = axes.values(), lengths;
  std::sort(sorted.begin(), sorted.end());
  for (const int64_t axis : sorted) lengths.push_back(input[static_cast<int>(axis)]);
  return Shape(lengths);
}

/// Checks that the axes are there, and that their lengths are those of the weights.
Shape checked_shape(const Shape& input, const Integers& axes, const Variable& weight) {
  for (const int64_t axis : normalized_axes(axes, input)) {
    check_known_axis(input, static_cast<int>(axis));
  }
  const Shape lengths = lengths_of(axes, input);
  if (!weight.defined() || weight.shape() == lengths) return input;
  throw ShapeError({.what = "The input does not fit the weights",
                    .expected = "lengths " + weight.shape().to_string() +
                                " along axis=" + axes.to_string() + ", as when the layer was built",
                    .received = input.to_string()});
}

std::optional<Array> optional(const Variable& weight) {
  return weight.defined() ? std::optional<Array>(weight) : std::nullopt;
}

class LayerNormalizationImpl final : public ConfiguredLayer<LayerNormalizationConfig> {
 public:
  explicit LayerNormalizationImpl(LayerNormalizationConfig c)
      : ConfiguredLayer("LayerNormalization", std::move(c)) {}
  bool supports_masking() const override { return true; }

 private:
  bool autocast() const override { return false; }
  Shape output_shape(const Shape& input) const override {
    return checked_shape(input, config().axis, gamma_.defined() ? gamma_ : beta_);
  }

  void build(const Shape& input) override {
    const LayerNormalizationConfig& c = config();
    const Shape shape = lengths_of(c.axis, input);
    if (c.scale || c.rms_scaling) {
      gamma_ =
          add_weight("gamma", shape, c.gamma_initializer, c.gamma_regularizer, c.gamma_constraint);
      gamma_.set_autocast(false);
    }
    if (c.center && !c.rms_scaling) {
      beta_ = add_weight("beta", shape, c.beta_initializer, c.beta_regularizer, c.beta_constraint);
      beta_.set_autocast(false);
    }
  }

  Array call(const Array& given, const CallContext&) override {
    const LayerNormalizationConfig& c = config();
    const Array x = cast(given, promote(given.dtype(), DType::float32));
    const Array y = c.rms_scaling ? scaled_by_deviation(x)
                                  : layer_normalization(x, {.gamma = optional(gamma_),
                                                            .beta = optional(beta_),
                                                            .axis = c.axis.values(),
                                                            .epsilon = c.epsilon});
    return cast(y, compute_dtype());
  }

  Array scaled_by_deviation(const Array& x) const {
    std::vector<int64_t> dims(static_cast<size_t>(x.rank()), 1);
    for (const int64_t axis : normalized_axes(config().axis, x.shape())) {
      dims[static_cast<size_t>(axis)] = x.shape()[static_cast<int>(axis)];
    }
    const Array factor = rsqrt(var(x, config().axis.values(), true) + config().epsilon);
    return x * factor * cast(reshape(gamma_, Shape(dims)), x.dtype());
  }

  Variable gamma_, beta_;
};

class GroupNormalizationImpl final : public ConfiguredLayer<GroupNormalizationConfig> {
 public:
  explicit GroupNormalizationImpl(GroupNormalizationConfig c)
      : ConfiguredLayer("GroupNormalization", std::move(c)) {
    if (config().groups != -1) check_at_least(where(), "groups", config().groups, 1);
  }
  bool supports_masking() const override { return true; }

 private:
  bool autocast() const override { return false; }
  int axis(const Shape& input) const {
    const int axis = normalize_axis(config().axis, input.rank(), "axis");
    if (axis > 0) return axis;
    throw ShapeError({.what = "The batch axis cannot hold the channels",
                      .expected = "another axis",
                      .received = "axis=" + std::to_string(config().axis) +
                                  " for an input of shape " + input.to_string()});
  }
  int64_t groups(int64_t channels) const {
    return config().groups == -1 ? channels : config().groups;
  }

  Shape output_shape(const Shape& input) const override {
    const int channel_axis = axis(input);
    check_known_axis(input, channel_axis);
    const int64_t channels = input[channel_axis];
    if (built() && channels_ != channels) check_axis(input, channel_axis, channels_);
    if (groups(channels) < 1 || channels % groups(channels) != 0) {
      throw ShapeError({.what = "`groups` must divide the channels",
                        .expected = "a multiple of " + std::to_string(config().groups) +
                                    " channels along axis " + std::to_string(config().axis),
                        .received = input.to_string()});
    }
    return input;
  }

  void build(const Shape& input) override {
    const GroupNormalizationConfig& c = config();
    channels_ = input[axis(input)];
    const Shape shape{channels_};
    if (c.scale) {
      gamma_ =
          add_weight("gamma", shape, c.gamma_initializer, c.gamma_regularizer, c.gamma_constraint);
      gamma_.set_autocast(false);
    }
    if (c.center) {
      beta_ = add_weight("beta", shape, c.beta_initializer, c.beta_regularizer, c.beta_constraint);
      beta_.set_autocast(false);
    }
  }

  Array call(const Array& given, const CallContext&) override {
    const Shape& shape = given.shape();
    const int channel_axis = axis(shape);
    const int64_t count = groups(channels_);
    // The channels (…, c, …) as (…, groups, c / groups, …).
    const auto grouped = [&](const Shape& s, int at) {
      return s.with_dim(at, channels_ / count).with_axis_inserted(at, count);
    };
    const Array x =
        reshape(cast(given, promote(given.dtype(), DType::float32)), grouped(shape, channel_axis));
    Shape row;
    for (int i = 0; i < shape.rank(); ++i) row = row.with_axis_inserted(i, 1);
    row = grouped(row, channel_axis);
    Axes axes;
    for (int i = 1; i < x.rank(); ++i) {
      if (i != channel_axis) axes.push_back(i);
    }
    const auto [center, variance] = moments(x, axes, true);
    Array factor = rsqrt(variance + config().epsilon);
    if (gamma_.defined()) factor = factor * cast(reshape(gamma_, row), x.dtype());
    Array y = (x - center) * factor;
    if (beta_.defined()) y = y + cast(reshape(beta_, row), x.dtype());
    return cast(reshape(y, shape), compute_dtype());
  }

  int64_t channels_ = 0;
  Variable gamma_, beta_;
};

class RMSNormalizationImpl final : public ConfiguredLayer<RMSNormalizationConfig> {
 public:
  explicit RMSNormalizationImpl(RMSNormalizationConfig c)
      : ConfiguredLayer("RMSNormalization", std::move(c)) {}

 private:
  Shape output_shape(const Shape& input) const override {
    return checked_shape(input, config().axis, scale_);
  }
  void build(const Shape& input) override {
    scale_ = add_weight("scale", lengths_of(config().axis, input), "ones");
  }
  Array call(const Array& x, const CallContext&) override {
    return rms_normalization(
        x, {.scale = scale_, .axis = config().axis.values(), .epsilon = config().epsilon});
  }

  Variable scale_;
};

class UnitNormalizationImpl final : public ConfiguredLayer<UnitNormalizationConfig> {
 public:
  explicit UnitNormalizationImpl(UnitNormalizationConfig c)
      : ConfiguredLayer("UnitNormalization", std::move(c)) {}
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override {
    normalized_axes(config().axis, input);
    return input;
  }
  Array call(const Array& x, const CallContext&) override {
    return normalize(x, config().axis.values(), 2, 1e-12);
  }
};

}  // namespace

LayerNormalization::LayerNormalization(LayerNormalizationConfig config)
    : Layer(std::make_shared<LayerNormalizationImpl>(std::move(config))) {}

GroupNormalization::GroupNormalization(GroupNormalizationConfig config)
    : Layer(std::make_shared<GroupNormalizationImpl>(std::move(config))) {}

RMSNormalization::RMSNormalization(RMSNormalizationConfig config)
    : Layer(std::make_shared<RMSNormalizationImpl>(std::move(config))) {}

UnitNormalization::UnitNormalization(UnitNormalizationConfig config)
    : Layer(std::make_shared<UnitNormalizationImpl>(std::move(config))) {}

}  // namespace danlu
