#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& sigmoid_op() {
  static const OpDef op{
      .name = "sigmoid",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return c.outputs[0] * (1 - c.outputs[0]); },
      .flops = elementwise::flops_per_element(18),
      .samples = [] { return elementwise::unary_samples(-9, 9, 2e-6); },
      .doc = "1 / (1 + exp(−x)), without overflow.",
  };
  return op;
}

Array sigmoid(const Array& x) { return make_op(sigmoid_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
