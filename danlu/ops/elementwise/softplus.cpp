#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& softplus_op() {
  static const OpDef op{
      .name = "softplus",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return sigmoid(c.inputs[0]); },
      .flops = elementwise::flops_per_element(35),
      .samples = [] { return elementwise::unary_samples(-9, 9, 2e-6); },
      .doc = "log(1 + exp(x)), without overflow.",
  };
  return op;
}

Array softplus(const Array& x) { return make_op(softplus_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
