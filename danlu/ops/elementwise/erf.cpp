#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& erf_op() {
  static const OpDef op{
      .name = "erf",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c,
                       int) { return 1.1283791670955126 * exp(negative(square(c.inputs[0]))); },
      .flops = elementwise::flops_per_element(30),
      .samples = [] { return elementwise::unary_samples(-4, 4, 2e-6); },
      .doc = "The error function 2/√π ∫₀ˣ exp(−t²) dt.",
  };
  return op;
}

Array erf(const Array& x) { return make_op(erf_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
