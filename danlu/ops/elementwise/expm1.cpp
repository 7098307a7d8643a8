#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& expm1_op() {
  static const OpDef op{
      .name = "expm1",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return c.outputs[0] + 1; },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(-3, 3, 2e-6); },
      .doc = "exp(x) − 1, exact near 0.",
  };
  return op;
}

Array expm1(const Array& x) { return make_op(expm1_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
