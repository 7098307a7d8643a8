#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& sinh_op() {
  static const OpDef op{
      .name = "sinh",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return cosh(c.inputs[0]); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(-3, 3, 2e-6); },
      .doc = "(exp(x) − exp(−x)) / 2.",
  };
  return op;
}

Array sinh(const Array& x) { return make_op(sinh_op(), {elementwise::as_float(x)}); }

const OpDef& cosh_op() {
  static const OpDef op{
      .name = "cosh",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return sinh(c.inputs[0]); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(-3, 3, 2e-6); },
      .doc = "(exp(x) + exp(−x)) / 2.",
  };
  return op;
}

Array cosh(const Array& x) { return make_op(cosh_op(), {elementwise::as_float(x)}); }

const OpDef& arcsinh_op() {
  static const OpDef op{
      .name = "arcsinh",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return rsqrt(1 + square(c.inputs[0])); },
      .flops = elementwise::flops_per_element(40),
      .samples = [] { return elementwise::unary_samples(-5, 5, 2e-6); },
      .doc = "The number whose hyperbolic sine is x.",
  };
  return op;
}

Array arcsinh(const Array& x) { return make_op(arcsinh_op(), {elementwise::as_float(x)}); }

const OpDef& arccosh_op() {
  static const OpDef op{
      .name = "arccosh",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative =
          [](const GradContext& c, int) {
            const Array& x = c.inputs[0];
            return rsqrt((x - 1) * (x + 1));
          },
      .flops = elementwise::flops_per_element(40),
      .samples = [] { return elementwise::unary_samples(1.1, 6, 2e-6); },
      .doc = "The number ≥ 0 whose hyperbolic cosine is x; NaN below 1.",
  };
  return op;
}

Array arccosh(const Array& x) { return make_op(arccosh_op(), {elementwise::as_float(x)}); }

const OpDef& arctanh_op() {
  static const OpDef op{
      .name = "arctanh",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return 1 / (1 - square(c.inputs[0])); },
      .flops = elementwise::flops_per_element(40),
      .samples = [] { return elementwise::unary_samples(-0.9, 0.9, 2e-6); },
      .doc = "The number whose hyperbolic tangent is x; NaN outside [−1, 1].",
  };
  return op;
}

Array arctanh(const Array& x) { return make_op(arctanh_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
