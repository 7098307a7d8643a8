#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& log_op() {
  static const OpDef op{
      .name = "log",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return reciprocal(c.inputs[0]); },
      .flops = elementwise::flops_per_element(15),
      .samples = [] { return elementwise::unary_samples(0.01, 20, 2e-6); },
      .doc = "Natural logarithm; NaN below 0, −inf at 0.",
  };
  return op;
}

Array log(const Array& x) { return make_op(log_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
