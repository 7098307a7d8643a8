#include "danlu/nn/layers/dropout.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/random_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

class DropoutImpl final : public RandomLayer<DropoutConfig> {
 public:
  explicit DropoutImpl(DropoutConfig c) : RandomLayer("Dropout", std::move(c)) {
    check_rate(where(), "rate", config().rate);
    if (config().rate > 0) make_state();
  }

 private:
  Array call(const Array& x, const CallContext& context) override {
    if (!draws(context)) return x;
    return drop(next_state(), x, config().rate, known(config().noise_shape, x.shape()));
  }
};

}  // namespace

Array drop(const Array& state, const Array& x, double rate, const Shape& noise_shape) {
  const Array keep = random::bernoulli(state, noise_shape, 1 - rate);
  const double scale = rate == 1 ? 0 : 1 / (1 - rate);
  return where(keep, x * scale, zeros_like(x));
}

Dropout::Dropout(DropoutConfig config) : Layer(std::make_shared<DropoutImpl>(std::move(config))) {}

}  // namespace danlu
