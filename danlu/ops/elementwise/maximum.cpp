#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& maximum_op() {
  static const OpDef op{
      .name = "maximum",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_real,
      .derivative =
          [](const GradContext& c, int i) {
            const DType dtype = c.outputs[0].dtype();
            const Array &mine = c.inputs[i], &other = c.inputs[1 - i];
            return cast(mine > other, dtype) + 0.5 * cast(mine == other, dtype);
          },
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -9, 9); },
      .doc =
          "The greater of a and b with broadcasting; NaN wins. At a tie each gets half of the "
          "gradient.",
  };
  return op;
}

Array maximum(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(maximum_op(), {x, y});
}

}  // namespace danlu
