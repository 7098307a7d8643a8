#include "danlu/nn/layers/dropout.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"

namespace danlu {
namespace {

class DropoutImpl final : public ConfiguredLayer<DropoutConfig> {
 public:
  explicit DropoutImpl(DropoutConfig c) : ConfiguredLayer("Dropout", std::move(c)) {
    const double rate = config().rate;
    if (!(rate >= 0 && rate <= 1)) {
      throw ValueError({.where = where(),
                        .what = "`rate` is out of range",
                        .expected = "a number in [0, 1]",
                        .received = "rate=" + number_text(rate)});
    }
    if (rate > 0) state_ = add_seed_state(config().seed);
  }

 private:
  Shape output_shape(const Shape& input) const override { return input; }

  Array call(const Array& x, const CallContext& context) override {
    const double rate = config().rate;
    if (!context.training || rate == 0) return x;
    SeedGenerator generator;
    generator.set_state(state_);
    const Array keep = random::bernoulli(generator.next(), x.shape(), 1 - rate);
    state_.assign(generator.state());
    const double scale = rate == 1 ? 0 : 1 / (1 - rate);
    return danlu::where(keep, x * scale, zeros_like(x));
  }

  Variable state_;
};

}  // namespace

Dropout::Dropout(DropoutConfig config) : Layer(std::make_shared<DropoutImpl>(std::move(config))) {}

}  // namespace danlu
