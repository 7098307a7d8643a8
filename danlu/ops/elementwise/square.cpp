#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& square_op() {
  static const OpDef op{
      .name = "square",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_input,
      .derivative = [](const GradContext& c, int) { return 2 * c.inputs[0]; },
      .samples =
          [] {
            return elementwise::with_complex(
                elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9), -3, 3);
          },
      .doc = "x².",
  };
  return op;
}

Array square(const Array& x) { return make_op(square_op(), {x}); }

}  // namespace danlu
