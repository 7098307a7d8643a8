#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& floor_divide_op() {
  static const OpDef op{
      .name = "floor_divide",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_number,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(0.3, 7), 1, 9); },
      .doc = "The greatest integer not above a / b. Integers divided by 0 give 0.",
  };
  return op;
}

Array floor_divide(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted_number(a, b);
  return make_op(floor_divide_op(), {x, y});
}

const OpDef& mod_op() {
  static const OpDef op{
      .name = "mod",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_number,
      .derivative =
          [](const GradContext& c, int i) {
            if (i == 0) return Array::scalar(1, c.outputs[0].dtype());
            return -floor_divide(c.inputs[0], c.inputs[1]);
          },
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(0.3, 7), 1, 9); },
      .doc = "a − b floor(a / b): the remainder with the sign of b. Integers divided by 0 give 0.",
  };
  return op;
}

Array mod(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted_number(a, b);
  return make_op(mod_op(), {x, y});
}

const OpDef& fmod_op() {
  static const OpDef op{
      .name = "fmod",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_number,
      .derivative =
          [](const GradContext& c, int i) {
            if (i == 0) return Array::scalar(1, c.outputs[0].dtype());
            return -trunc(c.inputs[0] / c.inputs[1]);
          },
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(0.3, 7), 1, 9); },
      .doc = "a − b trunc(a / b): the remainder with the sign of a. Integers divided by 0 give 0.",
  };
  return op;
}

Array fmod(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted_number(a, b);
  return make_op(fmod_op(), {x, y});
}

}  // namespace danlu
