#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& tan_op() {
  static const OpDef op{
      .name = "tan",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return 1 + square(c.outputs[0]); },
      .flops = elementwise::flops_per_element(40),
      .samples = [] { return elementwise::unary_samples(-1.4, 1.4, 2e-6); },
      .doc = "sin(x) / cos(x).",
  };
  return op;
}

Array tan(const Array& x) { return make_op(tan_op(), {elementwise::as_float(x)}); }

const OpDef& arcsin_op() {
  static const OpDef op{
      .name = "arcsin",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return rsqrt(1 - square(c.inputs[0])); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(-0.95, 0.95, 2e-6); },
      .doc = "The angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1].",
  };
  return op;
}

Array arcsin(const Array& x) { return make_op(arcsin_op(), {elementwise::as_float(x)}); }

const OpDef& arccos_op() {
  static const OpDef op{
      .name = "arccos",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return -rsqrt(1 - square(c.inputs[0])); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(-0.95, 0.95, 2e-6); },
      .doc = "The angle in [0, π] whose cosine is x; NaN outside [−1, 1].",
  };
  return op;
}

Array arccos(const Array& x) { return make_op(arccos_op(), {elementwise::as_float(x)}); }

const OpDef& arctan_op() {
  static const OpDef op{
      .name = "arctan",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return 1 / (1 + square(c.inputs[0])); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(-5, 5, 2e-6); },
      .doc = "The angle in [−π/2, π/2] whose tangent is x.",
  };
  return op;
}

Array arctan(const Array& x) { return make_op(arctan_op(), {elementwise::as_float(x)}); }

const OpDef& arctan2_op() {
  static const OpDef op{
      .name = "arctan2",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_float,
      .derivative =
          [](const GradContext& c, int i) {
            const Array norm = square(c.inputs[0]) + square(c.inputs[1]);
            return i == 0 ? c.inputs[1] / norm : -c.inputs[0] / norm;
          },
      .flops = elementwise::flops_per_element(40),
      .samples = [] { return elementwise::binary_samples(0.2, 3, 2e-6); },
      .doc = "The angle in [−π, π] of the point (b, a): that of a / b, in the right quadrant.",
  };
  return op;
}

Array arctan2(const Array& a, const Array& b) {
  const auto [y, x] = elementwise::promoted_float(a, b);
  return make_op(arctan2_op(), {y, x});
}

const OpDef& hypot_op() {
  static const OpDef op{
      .name = "hypot",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_float,
      .derivative =
          [](const GradContext& c, int i) {
            const Array& y = c.outputs[0];
            return where(y == 0, 0, c.inputs[i] / where(y == 0, 1, y));
          },
      .flops = elementwise::flops_per_element(10),
      .samples = [] { return elementwise::binary_samples(0.2, 3); },
      .doc = "√(a² + b²), without overflow. The derivative at (0, 0) is 0.",
  };
  return op;
}

Array hypot(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted_float(a, b);
  return make_op(hypot_op(), {x, y});
}

}  // namespace danlu
