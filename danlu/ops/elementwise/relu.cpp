#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& relu_op() {
  static const OpDef op{
      .name = "relu",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_number_input,
      .derivative = [](const GradContext& c,
                       int) { return cast(c.outputs[0] > 0, c.outputs[0].dtype()); },
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9); },
      .doc = "max(x, 0); NaN stays NaN. The derivative at 0 is 0.",
  };
  return op;
}

Array relu(const Array& x) { return make_op(relu_op(), {x}); }

}  // namespace danlu
