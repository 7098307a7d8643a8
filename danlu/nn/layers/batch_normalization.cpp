#include "danlu/nn/layers/batch_normalization.h"

#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// What Keras adds to the number of elements that a mask leaves.
constexpr double kFuzz = 1e-7;

class BatchNormalizationImpl final : public ConfiguredLayer<BatchNormalizationConfig> {
 public:
  explicit BatchNormalizationImpl(BatchNormalizationConfig c)
      : ConfiguredLayer("BatchNormalization", std::move(c)) {
    if (config().synchronized) {
      throw ValueError({.where = where(),
                        .what = "There is one device, so statistics cannot be synchronized",
                        .expected = "synchronized=false",
                        .received = "synchronized=true"});
    }
    if (config().renorm && !config().renorm_clipping) mutable_config().renorm_clipping.emplace();
    check_clipping(config().renorm_clipping.value_or(RenormClipping()));
  }
  bool supports_masking() const override { return true; }

 private:
  void check_clipping(const RenormClipping& limits) const {
    if (limits.rmax && limits.rmin && *limits.rmax < *limits.rmin) {
      throw ValueError({.where = where(),
                        .what = "`renorm_clipping` lets no number through",
                        .expected = "rmin ≤ rmax",
                        .received = "rmin=" + number_text(*limits.rmin) +
                                    ", rmax=" + number_text(*limits.rmax)});
    }
    if (limits.dmax && !(*limits.dmax >= 0)) {
      throw ValueError({.where = where(),
                        .what = "`dmax` in `renorm_clipping` must not be negative",
                        .received = "dmax=" + number_text(*limits.dmax)});
    }
  }

  int axis(const Shape& input) const { return normalize_axis(config().axis, input.rank(), "axis"); }

  Shape output_shape(const Shape& input) const override {
    const int features = axis(input);
    check_known_axis(input, features);
    if (built()) check_axis(input, features, moving_mean_.shape()[0]);
    return input;
  }

  void build(const Shape& input) override {
    const BatchNormalizationConfig& c = config();
    const Shape shape{input[axis(input)]};
    if (c.scale) {
      gamma_ =
          add_weight("gamma", shape, c.gamma_initializer, c.gamma_regularizer, c.gamma_constraint);
      gamma_.set_autocast(false);
    }
    if (c.center) {
      beta_ = add_weight("beta", shape, c.beta_initializer, c.beta_regularizer, c.beta_constraint);
      beta_.set_autocast(false);
    }
    const auto statistic = [&](const char* name, const Initializer& initializer) {
      Variable weight = add_weight(name, shape, initializer, false);
      weight.set_autocast(false);
      return weight;
    };
    moving_mean_ = statistic("moving_mean", c.moving_mean_initializer);
    moving_variance_ = statistic("moving_variance", c.moving_variance_initializer);
    if (!c.renorm) return;
    const Initializer deviation([initializer = c.moving_variance_initializer](
                                    const Shape& s, DType t) { return sqrt(initializer(s, t)); });
    moving_stddev_ = statistic("moving_stddev", deviation);
    renorm_mean_ = statistic("renorm_mean", c.moving_mean_initializer);
    renorm_stddev_ = statistic("renorm_stddev", deviation);
  }

  Array call(const Array& given, const CallContext& context) override {
    const BatchNormalizationConfig& c = config();
    const Array x = cast(given, promote(given.dtype(), DType::float32));
    const auto read = [&](const Variable& weight) { return cast(weight, x.dtype()); };
    std::optional<Array> scale, offset;
    if (gamma_.defined()) scale = read(gamma_);
    if (beta_.defined()) offset = read(beta_);
    Array mean = read(moving_mean_), variance = read(moving_variance_);
    if (context.training && trainable()) {
      std::tie(mean, variance) = batch_moments(x, context);
      if (c.renorm) {
        renormalize(mean, variance, scale, offset);
      } else {
        follow(moving_mean_, mean, c.momentum);
        follow(moving_variance_, variance, c.momentum);
      }
    }
    const Array y = batch_normalization(x, mean, variance, c.axis,
                                        {.offset = offset, .scale = scale, .epsilon = c.epsilon});
    return cast(y, given.dtype());
  }

  std::pair<Array, Array> batch_moments(const Array& x, const CallContext& context) const {
    Axes others;
    for (int i = 0; i < x.rank(); ++i) {
      if (i != axis(x.shape())) others.push_back(i);
    }
    const Array given = context.mask();
    if (!given.defined()) return moments(x, others);
    if (given.rank() != x.rank() - 1) {
      throw ShapeError({.what = "The mask does not fit the input",
                        .expected = "one axis less than the input " + x.shape().to_string(),
                        .received = given.shape().to_string()});
    }
    const Array mask = broadcast_to(expand_dims(cast(given, DType::bool_), -1), x.shape());
    const Array zero = Array::scalar(0, x.dtype());
    const Array count = sum(cast(mask, x.dtype()), others, true) + kFuzz;
    const Array mean = sum(danlu::where(mask, x, zero), others, true) / count;
    const Array squares = square(danlu::where(mask, x - mean, zero));
    const Array variance = sum(squares, others, true) / count;
    return {reshape(mean, moving_mean_.shape()), reshape(variance, moving_mean_.shape())};
  }

  /// Moves `statistic` towards the batch's `value`.
  static void follow(Variable statistic, const Array& value, double momentum) {
    const Array moved = cast(statistic, value.dtype()) * momentum + value * (1 - momentum);
    statistic.assign(cast(moved, statistic.dtype()));
  }

  /// Puts the corrections r and d into scale and offset, and moves all statistics.
  void renormalize(const Array& mean, const Array& variance, std::optional<Array>& scale,
                   std::optional<Array>& offset) {
    const BatchNormalizationConfig& c = config();
    const RenormClipping& limits = *c.renorm_clipping;
    const Array stddev = sqrt(variance + c.epsilon);
    const Array floor = Array::scalar(std::sqrt(c.epsilon), mean.dtype());
    const Array known_stddev = maximum(cast(renorm_stddev_, mean.dtype()), floor);
    Array r = stddev / known_stddev;
    Array d = (mean - cast(renorm_mean_, mean.dtype())) / known_stddev;
    if (limits.rmin) r = maximum(r, Array::scalar(*limits.rmin, mean.dtype()));
    if (limits.rmax) r = minimum(r, Array::scalar(*limits.rmax, mean.dtype()));
    if (limits.dmax) {
      d = clip(d, Array::scalar(-*limits.dmax, mean.dtype()),
               Array::scalar(*limits.dmax, mean.dtype()));
    }
    r = stop_gradient(r), d = stop_gradient(d);
    const Array shift = scale ? d * *scale : d;
    scale = scale ? r * *scale : r;
    offset = offset ? shift + *offset : shift;

    follow(renorm_mean_, mean, c.renorm_momentum);
    follow(renorm_stddev_, stddev, c.renorm_momentum);
    follow(moving_mean_, mean, c.momentum);
    follow(moving_stddev_, stddev, c.momentum);
    const Array moved = cast(moving_stddev_, mean.dtype());
    moving_variance_.assign(cast(relu(moved * moved - c.epsilon), moving_variance_.dtype()));
  }

  Variable gamma_, beta_, moving_mean_, moving_variance_;
  Variable moving_stddev_, renorm_mean_, renorm_stddev_;
};

}  // namespace

Json to_json(const RenormClipping& x) {
  Json json = Json::object();
  RenormClipping::fields(x, [&](const char* name, const std::optional<double>& limit) {
    if (limit) json.set(name, *limit);
  });
  return json;
}

void from_json(const Json& json, RenormClipping& x) { x = config_from_json<RenormClipping>(json); }

BatchNormalization::BatchNormalization(BatchNormalizationConfig config)
    : Layer(std::make_shared<BatchNormalizationImpl>(std::move(config))) {}

}  // namespace danlu
