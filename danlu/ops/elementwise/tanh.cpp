#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& tanh_op() {
  static const OpDef op{
      .name = "tanh",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return 1 - square(c.outputs[0]); },
      .samples = [] { return elementwise::unary_samples(-4, 4); },
      .doc = "Hyperbolic tangent.",
  };
  return op;
}

Array tanh(const Array& x) { return make_op(tanh_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
