#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& logical_not_op() {
  static const OpDef op{
      .name = "logical_not",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::bool_like_input,
      .derivative = elementwise::no_derivative,
      .samples = [] { return elementwise::bool_samples(1); },
      .doc = "True where x is false or 0.",
  };
  return op;
}

Array logical_not(const Array& x) { return make_op(logical_not_op(), {x}); }

const OpDef& logical_and_op() {
  static const OpDef op{
      .name = "logical_and",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_to_bool,
      .derivative = elementwise::no_derivative,
      .samples = [] { return elementwise::bool_samples(2); },
      .doc = "Whether both are true or not 0, with broadcasting; bool.",
  };
  return op;
}

Array logical_and(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(logical_and_op(), {x, y});
}

const OpDef& logical_or_op() {
  static const OpDef op{
      .name = "logical_or",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_to_bool,
      .derivative = elementwise::no_derivative,
      .samples = [] { return elementwise::bool_samples(2); },
      .doc = "Whether either is true or not 0, with broadcasting; bool.",
  };
  return op;
}

Array logical_or(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(logical_or_op(), {x, y});
}

}  // namespace danlu
