#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& sign_op() {
  static const OpDef op{
      .name = "sign",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_real_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9); },
      .doc = "−1, 0 or 1; NaN stays NaN.",
  };
  return op;
}

Array sign(const Array& x) { return make_op(sign_op(), {x}); }

}  // namespace danlu
