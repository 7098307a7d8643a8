#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& cos_op() {
  static const OpDef op{
      .name = "cos",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return negative(sin(c.inputs[0])); },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(-7, 7, 2e-6); },
      .doc = "Cosine of x in radians.",
  };
  return op;
}

Array cos(const Array& x) { return make_op(cos_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
