#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& sin_op() {
  static const OpDef op{
      .name = "sin",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return cos(c.inputs[0]); },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(-7, 7, 2e-6); },
      .doc = "Sine of x in radians.",
  };
  return op;
}

Array sin(const Array& x) { return make_op(sin_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
