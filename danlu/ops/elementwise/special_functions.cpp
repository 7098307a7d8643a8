#include <cmath>
#include <numbers>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& erfc_op() {
  static const OpDef op{
      .name = "erfc",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c,
                       int) { return -1.1283791670955126 * exp(negative(square(c.inputs[0]))); },
      .flops = elementwise::flops_per_element(40),
      .samples = [] { return elementwise::unary_samples(-4, 4, 2e-6); },
      .doc = "1 − erf(x), exact to the last digits for large x too.",
  };
  return op;
}

Array erfc(const Array& x) { return make_op(erfc_op(), {elementwise::as_float(x)}); }

const OpDef& erfinv_op() {
  static const OpDef op{
      .name = "erfinv",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c,
                       int) { return 0.5 / std::numbers::inv_sqrtpi * exp(square(c.outputs[0])); },
      .flops = elementwise::flops_per_element(60),
      .samples = [] { return elementwise::unary_samples(-0.95, 0.95, 2e-6); },
      .doc = "The number whose error function is x; ±∞ at ±1, NaN beyond.",
  };
  return op;
}

Array erfinv(const Array& x) { return make_op(erfinv_op(), {elementwise::as_float(x)}); }

const OpDef& i0_op() {
  static const OpDef op{
      .name = "i0",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return i1(c.inputs[0]); },
      .flops = elementwise::flops_per_element(60),
      .samples = [] { return elementwise::unary_samples(-5, 5, 2e-6); },
      .doc = "The modified Bessel function of the first kind of order 0.",
  };
  return op;
}

Array i0(const Array& x) { return make_op(i0_op(), {elementwise::as_float(x)}); }

const OpDef& i1_op() {
  static const OpDef op{
      .name = "i1",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative =
          [](const GradContext& c, int) {
            const Array& x = c.inputs[0];
            return i0(x) - where(x == 0, 0.5, c.outputs[0] / where(x == 0, 1, x));
          },
      .flops = elementwise::flops_per_element(60),
      .samples = [] { return elementwise::unary_samples(-5, 5, 2e-6); },
      .doc = "The modified Bessel function of the first kind of order 1.",
  };
  return op;
}

Array i1(const Array& x) { return make_op(i1_op(), {elementwise::as_float(x)}); }

Array sinc(const Array& x) {
  const Array y = elementwise::as_float(x);
  const Array at_zero = y == 0;
  const Array angle = std::numbers::pi * where(at_zero, 1, y);
  // Near 0 the quotient is 1 − (πx)²/6, whose derivatives where x is 0 are those of the square.
  return where(at_zero, 1 - square(std::numbers::pi * y) / 6, sin(angle) / angle);
}

}  // namespace danlu
