#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& equal_op() {
  static const OpDef op{
      .name = "equal",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_to_bool,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "Whether a = b, with broadcasting; bool.",
  };
  return op;
}

Array equal(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(equal_op(), {x, y});
}

const OpDef& not_equal_op() {
  static const OpDef op{
      .name = "not_equal",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_to_bool,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "Whether a ≠ b; true where either is NaN, with broadcasting; bool.",
  };
  return op;
}

Array not_equal(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(not_equal_op(), {x, y});
}

const OpDef& less_op() {
  static const OpDef op{
      .name = "less",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_real_to_bool,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "Whether a < b, with broadcasting; bool.",
  };
  return op;
}

Array less(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(less_op(), {x, y});
}

const OpDef& less_equal_op() {
  static const OpDef op{
      .name = "less_equal",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_real_to_bool,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "Whether a ≤ b, with broadcasting; bool.",
  };
  return op;
}

Array less_equal(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(less_equal_op(), {x, y});
}

const OpDef& greater_op() {
  static const OpDef op{
      .name = "greater",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_real_to_bool,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "Whether a > b, with broadcasting; bool.",
  };
  return op;
}

Array greater(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(greater_op(), {x, y});
}

const OpDef& greater_equal_op() {
  static const OpDef op{
      .name = "greater_equal",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_real_to_bool,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::binary_samples(-3, 3), -3, 3); },
      .doc = "Whether a ≥ b, with broadcasting; bool.",
  };
  return op;
}

Array greater_equal(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(greater_equal_op(), {x, y});
}

}  // namespace danlu
