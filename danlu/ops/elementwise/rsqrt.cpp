#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& rsqrt_op() {
  static const OpDef op{
      .name = "rsqrt",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c,
                       int) { return -0.5 * (c.outputs[0] * square(c.outputs[0])); },
      .flops = elementwise::flops_per_element(6),
      .samples = [] { return elementwise::unary_samples(0.05, 9); },
      .doc = "1 / sqrt(x).",
  };
  return op;
}

Array rsqrt(const Array& x) { return make_op(rsqrt_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
