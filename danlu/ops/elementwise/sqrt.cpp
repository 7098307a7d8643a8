#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& sqrt_op() {
  static const OpDef op{
      .name = "sqrt",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return 0.5 / c.outputs[0]; },
      .flops = elementwise::flops_per_element(4),
      .samples = [] { return elementwise::unary_samples(0.01, 9); },
      .doc = "Square root; NaN below 0.",
  };
  return op;
}

Array sqrt(const Array& x) { return make_op(sqrt_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
