#include "danlu/nn/layers/positions.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/embedding.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

int64_t start_index(const CallContext& context) {
  const Json* value = context.arguments.find("start_index");
  return value == nullptr || value->is_null() ? 0 : value->as_int();
}

/// Shapes: (1, time) or (batch, time).
Array positions_of(const CallContext& context, int64_t time, DType dtype) {
  const Array given = context.tensor("positions");
  if (given.defined()) return cast(given.rank() == 1 ? expand_dims(given, 0) : given, dtype);
  const int64_t start = start_index(context);
  return cast(expand_dims(arange(start, start + time, int64_t{1}, DType::int32), 0), dtype);
}

class SinePositionEncodingImpl final : public ConfiguredLayer<SinePositionEncodingConfig> {
 public:
  explicit SinePositionEncodingImpl(SinePositionEncodingConfig c)
      : ConfiguredLayer("SinePositionEncoding", std::move(c)) {
    check_at_least(where(), "max_wavelength", config().max_wavelength, 1);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank(input, 3, "(batch, time, features)");
    return input;
  }

  Array call(const Array& x, const CallContext& context) override {
    const int64_t features = x.shape()[-1];
    const Array index = arange(int64_t{0}, features, int64_t{1}, DType::int32);
    const Array odd = mod(index, 2);
    const Array exponents = cast(index - odd, x.dtype()) / static_cast<double>(features);
    const Array scales =
        power(full({}, 1.0 / static_cast<double>(config().max_wavelength), x.dtype()), exponents);
    const Array angles =
        expand_dims(positions_of(context, x.shape()[1], x.dtype()), -1) * scales;  // (b, t, f)
    return broadcast_to(danlu::where(cast(odd, DType::bool_), cos(angles), sin(angles)), x.shape());
  }
};

class RotaryEmbeddingImpl final : public ConfiguredLayer<RotaryEmbeddingConfig> {
 public:
  explicit RotaryEmbeddingImpl(RotaryEmbeddingConfig c)
      : ConfiguredLayer("RotaryEmbedding", std::move(c)) {}

 private:
  struct TurnedAxes {
    int64_t sequence, feature;
  };
  TurnedAxes axes(const Shape& input) const {
    const int64_t rank = input.rank();
    const auto from_front = [&](const char* name, int64_t axis) {
      if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
      throw ValueError({.what = std::string("The input has no such `") + name + "`",
                        .expected = "an axis of " + input.to_string(),
                        .received = name + ("=" + std::to_string(axis))});
    };
    const TurnedAxes found{from_front("sequence_axis", config().sequence_axis),
                           from_front("feature_axis", config().feature_axis)};
    if (found.sequence != found.feature) return found;
    throw ValueError({.what = "`sequence_axis` and `feature_axis` are the same",
                      .expected = "two axes of " + input.to_string(),
                      .received = std::to_string(found.feature) + " for both"});
  }

  Shape output_shape(const Shape& input) const override {
    const int64_t features = input[static_cast<int>(axes(input).feature)];
    if (features == Shape::kUnknown || features % 2 == 0) return input;
    throw ShapeError({.what = "The features are turned in pairs",
                      .expected = "an even number of features",
                      .received = std::to_string(features) + " of " + input.to_string()});
  }

  Array call(const Array& input, const CallContext& context) override {
    const auto [sequence, feature] = axes(input.shape());
    const Array x = moveaxis(input, {feature, sequence}, {-1, 1});
    const int64_t features = x.shape()[-1];
    const Array positions = positions_of(context, x.shape()[1], DType::float32);
    Array angles = expand_dims(positions, -1) * frequencies(features);  // (b, t, features / 2)
    angles = concatenate({angles, angles}, -1);
    while (angles.rank() < x.rank()) angles = expand_dims(angles, 2);
    const double factor =
        config().rope_type == "yarn" ? 0.1 * std::log(config().scaling_factor) + 1 : 1;
    const auto halves = split(x, 2, -1);
    const Array turned = concatenate({-halves[1], halves[0]}, -1);
    const Array y = x * (cast(cos(angles), x.dtype()) * factor) +
                    turned * (cast(sin(angles), x.dtype()) * factor);
    return moveaxis(y, {-1, 1}, {feature, sequence});
  }

  /// Of each pair of features, float32.
  Array frequencies(int64_t features) const {
    const auto& c = config();
    const auto width = static_cast<double>(c.denominator_dim.value_or(features));
    std::vector<float> all;
    for (int64_t i = 0; i < features; i += 2) {
      const double inverse = std::pow(c.max_wavelength, -static_cast<double>(i) / width);
      all.push_back(static_cast<float>(scaled(inverse, i, features)));
    }
    return Array(all);
  }

  double scaled(double inverse, int64_t i, int64_t features) const {
    const auto& c = config();
    const auto n = static_cast<double>(features);
    if (c.rope_type == "linear") return inverse / c.scaling_factor;
    if (c.rope_type == "dynamic") {
      return inverse / std::pow(c.scaling_factor, n / std::max(1.0, n - 2));
    }
    if (c.rope_type != "yarn") return inverse;
    const double extrapolated = std::pow(c.max_wavelength, -static_cast<double>(i) / n);
    const auto dimension = [&](double rotations) {
      const auto longest = static_cast<double>(c.original_max_position_embeddings);
      return n * std::log(longest / (rotations * 2 * std::numbers::pi)) /
             (2 * std::log(c.max_wavelength));
    };
    double low = dimension(c.beta_fast), high = dimension(c.beta_slow);
    if (c.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0);
    high = std::min(high, n - 1);
    const double ramp =
        std::clamp((static_cast<double>(i / 2) - low) / std::max(high - low, 0.001), 0.0, 1.0);
    return extrapolated / c.scaling_factor * ramp + extrapolated * (1 - ramp);
  }
};

class PositionEmbeddingImpl final : public ConfiguredLayer<PositionEmbeddingConfig> {
 public:
  explicit PositionEmbeddingImpl(PositionEmbeddingConfig c)
      : ConfiguredLayer("PositionEmbedding", std::move(c)) {
    check_at_least(where(), "sequence_length", config().sequence_length, 1);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 2);
    check_known_axis(input, -1);
    if (built()) check_axis(input, -1, embeddings_.shape()[1]);
    return input;
  }
  void build(const Shape& input) override {
    embeddings_ =
        add_weight("embeddings", {config().sequence_length, input[-1]}, config().initializer);
  }

  Array call(const Array& x, const CallContext& context) override {
    const int64_t time = x.shape()[-2], start = start_index(context);
    if (context.tensor("positions").defined()) {
      return broadcast_to(take(embeddings_, positions_of(context, time, DType::int32), 0),
                          x.shape());
    }
    if (start < 0 || start + time > config().sequence_length) {
      throw ShapeError({.what = "The sequence ends beyond the positions that are learned",
                        .expected = "at most " + std::to_string(config().sequence_length) +
                                    " steps, start_index included",
                        .received = std::to_string(time) + " steps from " + std::to_string(start)});
    }
    const Array rows = slice(embeddings_, {start, 0}, {start + time, x.shape()[-1]});
    return broadcast_to(rows, x.shape());
  }

  Variable embeddings_;
};

class TokenAndPositionEmbeddingImpl final
    : public ConfiguredLayer<TokenAndPositionEmbeddingConfig> {
 public:
  explicit TokenAndPositionEmbeddingImpl(TokenAndPositionEmbeddingConfig c)
      : ConfiguredLayer("TokenAndPositionEmbedding", std::move(c)),
        tokens_(ReversibleEmbedding({.input_dim = config().vocabulary_size,
                                     .output_dim = config().embedding_dim,
                                     .tie_weights = config().tie_weights,
                                     .embeddings_initializer = config().embeddings_initializer,
                                     .mask_zero = config().mask_zero,
                                     .name = "token_embedding",
                                     .dtype = dtype_policy().name})),
        positions_(PositionEmbedding({.sequence_length = config().sequence_length,
                                      .initializer = config().embeddings_initializer,
                                      .name = "position_embedding",
                                      .dtype = dtype_policy().name})) {}

  std::vector<Layer> sublayers() const override { return {tokens_, positions_}; }
  bool supports_masking() const override { return tokens_->supports_masking(); }
  std::vector<Array> compute_mask(const std::vector<Array>& inputs,
                                  const std::vector<Array>& masks) const override {
    return tokens_->compute_mask(inputs, masks);
  }

 private:
  bool casts_input() const override { return false; }
  Shape output_shape(const Shape& input) const override {
    return positions_->compute_output_shape(tokens_->compute_output_shape(input));
  }
  void build(const Shape& input) override {
    tokens_->ensure_built(input);
    positions_->ensure_built(tokens_->compute_output_shape(input));
  }
  Array call(const Array& x, const CallContext& context) override {
    const Array y = tokens_(x, {.training = context.training});
    return y + positions_(y, {.training = context.training,
                              .arguments = context.arguments,
                              .tensors = context.tensors});
  }

  Layer tokens_, positions_;
};

}  // namespace

SinePositionEncoding::SinePositionEncoding(SinePositionEncodingConfig config)
    : Layer(std::make_shared<SinePositionEncodingImpl>(std::move(config))) {}
RotaryEmbedding::RotaryEmbedding(RotaryEmbeddingConfig config)
    : Layer(std::make_shared<RotaryEmbeddingImpl>(std::move(config))) {}
PositionEmbedding::PositionEmbedding(PositionEmbeddingConfig config)
    : Layer(std::make_shared<PositionEmbeddingImpl>(std::move(config))) {}
TokenAndPositionEmbedding::TokenAndPositionEmbedding(TokenAndPositionEmbeddingConfig config)
    : Layer(std::make_shared<TokenAndPositionEmbeddingImpl>(std::move(config))) {}

}  // namespace danlu
