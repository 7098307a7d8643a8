#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& exp_op() {
  static const OpDef op{
      .name = "exp",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_inexact_input,
      .derivative = [](const GradContext& c, int) { return c.outputs[0]; },
      .flops = elementwise::flops_per_element(15),
      .samples =
          [] {
            return elementwise::with_complex(elementwise::unary_samples(-10, 10, 2e-6), -3, 3);
          },
      .doc = "e to the power of x.",
  };
  return op;
}

Array exp(const Array& x) { return make_op(exp_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
