#include "danlu/ops/elementwise.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/nn/softmax_record.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {

const OpDef& log_softmax_op() {
  static const OpDef op{
      .name = "log_softmax",
      .infer = normalizing::infer,
      .vjp =
          [](const GradContext& c) {
            const Array& g = c.output_grads[0];
            return std::vector<Array>{g - exp(c.outputs[0]) * sum(g, {-1}, true)};
          },
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 20.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .samples = normalizing::samples,
      .doc = "x − log Σ exp(x) over the last axis, without overflow.",
  };
  return op;
}

Array log_softmax(const Array& x, int64_t axis) {
  return normalizing::over_axis(log_softmax_op(), x, axis);
}

Array log_softmax(const Array& x, const Axes& axis) {
  return normalizing::over_axes(log_softmax_op(), x, axis);
}

}  // namespace danlu
