#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

/// A derivative that would be 0 · inf or involve log(0) is 0.
Array power_derivative(const GradContext& c, int i) {
  const Array &base = c.inputs[0], &exponent = c.inputs[1];
  if (i == 1) return c.outputs[0] * log(where(base == 0, 1, base));
  if (exponent.scalar_class() == ScalarClass::two) return 2 * base;
  return where(exponent == 0, 0, exponent * power(base, exponent - 1));
}

}  // namespace

const OpDef& power_op() {
  static const OpDef op{
      .name = "power",
      .num_inputs = 2,
      .fusion = FusionKind::elementwise,
      .infer = elementwise::broadcast_same_number,
      .derivative = power_derivative,
      .flops = elementwise::flops_per_element(60),
      .samples =
          [] {
            return elementwise::with_integers(elementwise::binary_samples(0.2, 3, 4e-6), 0, 5);
          },
      .doc =
          "a to the power of b with broadcasting. Integers wrap around; a negative exponent of an "
          "integer gives the true value, truncated towards 0 (and 0 for 0).",
  };
  return op;
}

Array power(const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(power_op(), {x, y});
}

}  // namespace danlu
