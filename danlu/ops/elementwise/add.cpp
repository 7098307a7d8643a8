#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& add_op() {
  static const OpDef op{
      .name = "add",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_dtype,
      .derivative = [](const GradContext& c,
                       int) { return Array::scalar(1, c.outputs[0].dtype()); },
      .samples =
          [] {
            return elementwise::with_complex(
                elementwise::with_integers(elementwise::binary_samples(-3, 3), -9, 9), -3, 3);
          },
      .doc = "a + b with broadcasting. bool + bool is their disjunction.",
  };
  return op;
}

Array add(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(add_op(), {x, y});
}

}  // namespace danlu
