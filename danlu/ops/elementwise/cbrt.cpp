#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& cbrt_op() {
  static const OpDef op{
      .name = "cbrt",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return c.outputs[0] / (3 * c.inputs[0]); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(0.2, 9); },
      .doc = "The cube root, negative for negative x.",
  };
  return op;
}

Array cbrt(const Array& x) { return make_op(cbrt_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
