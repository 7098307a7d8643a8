#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& multiply_op() {
  static const OpDef op{
      .name = "multiply",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_dtype,
      .derivative = [](const GradContext& c, int i) { return c.inputs[1 - i]; },
      .samples =
          [] { return elementwise::with_complex(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "a · b with broadcasting.",
  };
  return op;
}

Array multiply(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(multiply_op(), {x, y});
}

}  // namespace danlu
