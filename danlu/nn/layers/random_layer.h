#pragma once

#include <optional>
#include <utility>

#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/random.h"

namespace danlu {

/// A layer that draws random numbers while training. The state of its random numbers is a variable
/// that each draw moves on; there is none where `draws` says that nothing will be drawn.
template <class Config>
class RandomLayer : public ConfiguredLayer<Config> {
 public:
  RandomLayer(std::string_view type, Config config)
      : ConfiguredLayer<Config>(type, std::move(config)) {}
  bool supports_masking() const override { return true; }

 protected:
  void make_state() { state_ = this->add_seed_state(this->config().seed); }
  bool draws(const CallContext& context) const { return context.training && state_.defined(); }

  /// The state for one draw.
  Array next_state() {
    SeedGenerator generator;
    generator.set_state(state_);
    const Array state = generator.next();
    state_.assign(generator.state());
    return state;
  }

  /// `noise_shape` with the input's lengths for unknown ones.
  static Shape known(const OptionalShape& noise_shape, const Shape& input) {
    if (!noise_shape.defined()) return input;
    Shape shape = noise_shape.value();
    for (int i = 0; i < shape.rank() && i < input.rank(); ++i) {
      if (shape[i] == kNone) shape = shape.with_dim(i, input[i]);
    }
    return shape;
  }

  Shape output_shape(const Shape& input) const override { return input; }

 private:
  Variable state_;
};

/// `x` · 1/(1 − rate), of which each element is 0 with probability `rate`; one draw serves the
/// elements that `noise_shape` broadcasts to.
Array drop(const Array& state, const Array& x, double rate, const Shape& noise_shape);

}  // namespace danlu
