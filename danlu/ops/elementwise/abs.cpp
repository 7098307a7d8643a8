#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& abs_op() {
  static const OpDef op{
      .name = "abs",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_input,
      .derivative = [](const GradContext& c, int) { return sign(c.inputs[0]); },
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9); },
      .doc = "|x|. The derivative at 0 is 0.",
  };
  return op;
}

Array abs(const Array& x) { return make_op(abs_op(), {x}); }

}  // namespace danlu
