#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& isnan_op() {
  static const OpDef op{
      .name = "isnan",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::bool_like_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9); },
      .doc = "Whether x is not a number.",
  };
  return op;
}

Array isnan(const Array& x) { return make_op(isnan_op(), {x}); }

}  // namespace danlu
