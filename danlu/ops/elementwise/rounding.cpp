#include <cmath>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& floor_op() {
  static const OpDef op{
      .name = "floor",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_number_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-5, 5), -9, 9); },
      .doc = "The greatest integer not above x.",
  };
  return op;
}

Array floor(const Array& x) { return make_op(floor_op(), {elementwise::as_float(x)}); }

const OpDef& ceil_op() {
  static const OpDef op{
      .name = "ceil",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_number_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-5, 5), -9, 9); },
      .doc = "The least integer not below x.",
  };
  return op;
}

Array ceil(const Array& x) { return make_op(ceil_op(), {elementwise::as_float(x)}); }

const OpDef& round_op() {
  static const OpDef op{
      .name = "round",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_number_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-5, 5), -9, 9); },
      .doc = "The nearest integer, halves to the even one.",
  };
  return op;
}

Array round(const Array& x, int64_t decimals) {
  if (decimals == 0) return make_op(round_op(), {x});
  // Whole powers of ten are exact, their reciprocals are not.
  const double scale = std::pow(10.0, std::abs(static_cast<double>(decimals)));
  const Array y = elementwise::as_float(x);
  const Array rounded = decimals > 0 ? round(y * scale) / scale : round(y / scale) * scale;
  return cast(rounded, x.dtype());
}

const OpDef& trunc_op() {
  static const OpDef op{
      .name = "trunc",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_number_input,
      .derivative = elementwise::no_derivative,
      .samples =
          [] { return elementwise::with_integers(elementwise::unary_samples(-5, 5), -9, 9); },
      .doc = "The integer part of x: towards 0.",
  };
  return op;
}

Array trunc(const Array& x) { return make_op(trunc_op(), {x}); }

}  // namespace danlu
