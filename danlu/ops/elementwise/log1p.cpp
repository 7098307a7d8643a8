#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& log1p_op() {
  static const OpDef op{
      .name = "log1p",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return reciprocal(1 + c.inputs[0]); },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(-0.9, 5, 2e-6); },
      .doc = "log(1 + x), exact near 0.",
  };
  return op;
}

Array log1p(const Array& x) { return make_op(log1p_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
