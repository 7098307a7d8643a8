#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& reciprocal_op() {
  static const OpDef op{
      .name = "reciprocal",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_inexact_input,
      .derivative = [](const GradContext& c, int) { return negative(square(c.outputs[0])); },
      .flops = elementwise::flops_per_element(4),
      .samples =
          [] { return elementwise::with_complex(elementwise::unary_samples(0.2, 4), 0.2, 4); },
      .doc = "1 / x.",
  };
  return op;
}

Array reciprocal(const Array& x) { return make_op(reciprocal_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
