#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/layers/wrappers.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

class TimeDistributedImpl final : public ConfiguredLayer<TimeDistributedConfig> {
 public:
  explicit TimeDistributedImpl(TimeDistributedConfig c)
      : ConfiguredLayer("TimeDistributed", std::move(c)) {
    if (config().layer.impl()) return;
    throw ValueError({.where = where(),
                      .what = "`layer` is missing",
                      .expected = "a layer for every step",
                      .received = "no layer"});
  }

  std::vector<Layer> sublayers() const override { return {config().layer}; }
  bool supports_masking() const override { return true; }

 private:
  static Shape step_shape(const Shape& input) {
    check_rank_at_least(input, 3);
    return input.without_axis(1);
  }

  Shape output_shape(const Shape& input) const override {
    const Shape step = config().layer->compute_output_shape(step_shape(input));
    return step.with_axis_inserted(1, input[1]);
  }
  void build(const Shape& input) override { config().layer->ensure_built(step_shape(input)); }

  Array call(const Array& x, const CallContext& context) override {
    const Layer& layer = config().layer;
    const Array mask = context.mask();
    if (mask.defined()) check_mask(mask.shape(), x.shape());
    const bool inner_mask = mask.defined() && mask.rank() > 2;
    const int64_t time = x.shape()[1];
    if (context.training && !layer->non_trainable_weights().empty() && time > 0) {
      std::vector<Array> outputs;
      for (int64_t t = 0; t < time; ++t) {
        const auto at = [&](const Array& all) { return take(all, Array(t), 1); };
        const CallContext inner{.training = true, .masks = {inner_mask ? at(mask) : Array()}};
        outputs.push_back(layer(at(x), inner));
      }
      return stack(outputs, 1);
    }
    const auto steps = [&](const Array& all) {  // (batch · time, …)
      const Shape rest = all.shape().without_axis(1);
      return reshape(all, rest.with_dim(0, all.shape()[0] * time));
    };
    const CallContext inner{.training = context.training,
                            .masks = {inner_mask ? steps(mask) : Array()}};
    const Array y = layer(steps(x), inner);
    return reshape(y, y.shape().with_dim(0, x.shape()[0]).with_axis_inserted(1, time));
  }

  static void check_mask(const Shape& mask, const Shape& input) {
    if (mask.rank() >= 2 && mask[0] == input[0] && mask[1] == input[1]) return;
    throw ShapeError({.what = "The mask does not fit the input",
                      .expected = "a mask of shape (" + std::to_string(input[0]) + ", " +
                                  std::to_string(input[1]) +
                                  ", …), as the batch and the time "
                                  "steps of the input",
                      .received = mask.to_string()});
  }
};

}  // namespace

TimeDistributed::TimeDistributed(TimeDistributedConfig config)
    : Layer(std::make_shared<TimeDistributedImpl>(std::move(config))) {}

}  // namespace danlu
