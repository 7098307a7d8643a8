#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& negative_op() {
  static const OpDef op{
      .name = "negative",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_arithmetic_input,
      .derivative = [](const GradContext& c,
                       int) { return Array::scalar(-1, c.outputs[0].dtype()); },
      .samples =
          [] {
            return elementwise::with_complex(
                elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9), -3, 3);
          },
      .doc = "−x. Integers wrap around.",
  };
  return op;
}

Array negative(const Array& x) { return make_op(negative_op(), {x}); }

}  // namespace danlu
