#include "danlu/nn/layers/noise.h"

#include <cmath>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/random_layer.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

class SpatialDropoutImpl final : public RandomLayer<SpatialDropoutConfig> {
 public:
  SpatialDropoutImpl(int rank, SpatialDropoutConfig given)
      : RandomLayer("SpatialDropout" + std::to_string(rank) + "D", std::move(given)), rank_(rank) {
    std::string& format = mutable_config().data_format;
    format = checked_data_format(where(), format);
    check_rate(where(), "rate", config().rate);
    if (config().rate > 0) make_state();
  }

  /// Keras's has neither `trainable` nor `input_shape`; what differs from the default stays.
  Json get_config() const override {
    std::vector<std::string> unknown;
    if (rank_ == 1) unknown.push_back("data_format");
    if (trainable()) unknown.push_back("trainable");
    if (!declared_input_shape().defined()) unknown.push_back("input_shape");
    return without(RandomLayer::get_config(), unknown);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank(input, rank_ + 2, image_axes(rank_, config().data_format));
    return input;
  }

  Array call(const Array& x, const CallContext& context) override {
    if (!draws(context)) return x;
    Shape noise = x.shape();
    for (int i = 0; i < rank_; ++i) {
      noise = noise.with_dim(i + (config().data_format == "channels_first" ? 2 : 1), 1);
    }
    return drop(next_state(), x, config().rate, noise);
  }

  int rank_;
};

class AlphaDropoutImpl final : public RandomLayer<AlphaDropoutConfig> {
 public:
  explicit AlphaDropoutImpl(AlphaDropoutConfig c) : RandomLayer("AlphaDropout", std::move(c)) {
    check_rate(where(), "rate", config().rate);
    if (config().rate > 0) make_state();
  }

 private:
  Array call(const Array& x, const CallContext& context) override {
    if (!draws(context)) return x;
    const double rate = config().rate;
    constexpr double kLowest = -1.6732632423543772 * 1.0507009873554805;
    const double a = 1 / std::sqrt((1 - rate) * (1 + rate * kLowest * kLowest));
    const double b = -a * kLowest * rate;
    const Shape noise = known(config().noise_shape, x.shape());
    const Array keep = random::bernoulli(next_state(), noise, 1 - rate);
    return danlu::where(keep, x, Array::scalar(kLowest, x.dtype())) * a + b;
  }
};

class GaussianDropoutImpl final : public RandomLayer<GaussianDropoutConfig> {
 public:
  explicit GaussianDropoutImpl(GaussianDropoutConfig c)
      : RandomLayer("GaussianDropout", std::move(c)) {
    check_rate(where(), "rate", config().rate);
    if (config().rate == 1) {
      throw ValueError({.where = where(),
                        .what = "The noise would be infinite",
                        .expected = "a rate below 1",
                        .received = "rate=1"});
    }
    if (config().rate > 0) make_state();
  }

 private:
  Array call(const Array& x, const CallContext& context) override {
    if (!draws(context)) return x;
    const double rate = config().rate;
    return x * random::normal(next_state(), x.shape(), 1, std::sqrt(rate / (1 - rate)), x.dtype());
  }
};

class GaussianNoiseImpl final : public RandomLayer<GaussianNoiseConfig> {
 public:
  explicit GaussianNoiseImpl(GaussianNoiseConfig c) : RandomLayer("GaussianNoise", std::move(c)) {
    check_rate(where(), "stddev", config().stddev);
    if (config().stddev > 0) make_state();
  }

 private:
  Array call(const Array& x, const CallContext& context) override {
    if (!draws(context)) return x;
    return x + random::normal(next_state(), x.shape(), 0, config().stddev, x.dtype());
  }
};

}  // namespace

template <int rank>
SpatialDropout<rank>::SpatialDropout(SpatialDropoutConfig config)
    : Layer(std::make_shared<SpatialDropoutImpl>(rank, std::move(config))) {}
template class SpatialDropout<1>;
template class SpatialDropout<2>;
template class SpatialDropout<3>;

AlphaDropout::AlphaDropout(AlphaDropoutConfig config)
    : Layer(std::make_shared<AlphaDropoutImpl>(std::move(config))) {}

GaussianDropout::GaussianDropout(GaussianDropoutConfig config)
    : Layer(std::make_shared<GaussianDropoutImpl>(std::move(config))) {}

GaussianNoise::GaussianNoise(GaussianNoiseConfig config)
    : Layer(std::make_shared<GaussianNoiseImpl>(std::move(config))) {}

}  // namespace danlu
