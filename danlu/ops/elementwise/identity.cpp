#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& copy_op() {
  static const OpDef op{
      .name = "copy",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_input,
      .derivative = [](const GradContext& c,
                       int) { return Array::scalar(1, c.outputs[0].dtype()); },
      .samples = [] { return elementwise::unary_samples(-3, 3); },
      .doc = "The same value in memory of its own.",
  };
  return op;
}

Array copy(const Array& x) { return make_op(copy_op(), {x}); }

const OpDef& stop_gradient_op() {
  static const OpDef op{
      .name = "stop_gradient",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] {
            auto samples = elementwise::unary_samples(-3, 3);
            // Finite differences see the slope that this op hides.
            for (OpSample& sample : samples) sample.differentiable = false;
            return samples;
          },
      .doc = "The same value; gradients see a constant.",
  };
  return op;
}

Array stop_gradient(const Array& x) { return make_op(stop_gradient_op(), {x}); }

}  // namespace danlu
