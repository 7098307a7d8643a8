#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& divide_op() {
  static const OpDef op{
      .name = "divide",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_inexact,
      .derivative =
          [](const GradContext& c, int i) {
            return i == 0 ? reciprocal(c.inputs[1]) : negative(c.outputs[0] / c.inputs[1]);
          },
      .flops = elementwise::flops_per_element(4),
      .samples =
          [] { return elementwise::with_complex(elementwise::binary_samples(0.3, 4), 0.3, 4); },
      .doc = "a / b with broadcasting.",
  };
  return op;
}

Array divide(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted_float(a, b);
  return make_op(divide_op(), {x, y});
}

}  // namespace danlu
