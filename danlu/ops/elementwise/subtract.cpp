#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& subtract_op() {
  static const OpDef op{
      .name = "subtract",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_arithmetic,
      .derivative = [](const GradContext& c,
                       int i) { return Array::scalar(i == 0 ? 1 : -1, c.outputs[0].dtype()); },
      .samples =
          [] {
            return elementwise::with_complex(
                elementwise::with_integers(elementwise::binary_samples(-3, 3), -9, 9), -3, 3);
          },
      .doc = "a − b with broadcasting.",
  };
  return op;
}

Array subtract(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(subtract_op(), {x, y});
}

}  // namespace danlu
