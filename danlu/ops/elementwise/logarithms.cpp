#include <cmath>
#include <limits>
#include <numbers>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& log2_op() {
  static const OpDef op{
      .name = "log2",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return 1 / (std::numbers::ln2 * c.inputs[0]); },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(0.1, 9); },
      .doc = "The logarithm to base 2; exact for powers of 2.",
  };
  return op;
}

Array log2(const Array& x) { return make_op(log2_op(), {elementwise::as_float(x)}); }

const OpDef& log10_op() {
  static const OpDef op{
      .name = "log10",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c,
                       int) { return 1 / (std::numbers::ln10 * c.inputs[0]); },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(0.1, 9); },
      .doc = "The logarithm to base 10.",
  };
  return op;
}

Array log10(const Array& x) { return make_op(log10_op(), {elementwise::as_float(x)}); }

const OpDef& exp2_op() {
  static const OpDef op{
      .name = "exp2",
      .fusion = FusionKind::elementwise,
      .infer = elementwise::same_as_float_input,
      .derivative = [](const GradContext& c, int) { return std::numbers::ln2 * c.outputs[0]; },
      .flops = elementwise::flops_per_element(20),
      .samples = [] { return elementwise::unary_samples(-4, 4); },
      .doc = "2 to the power of x; exact for whole numbers.",
  };
  return op;
}

Array exp2(const Array& x) { return make_op(exp2_op(), {elementwise::as_float(x)}); }

namespace {

/// log_base(base^a + base^b) from the difference of the two, so that nothing overflows.
template <class Log1pOfExp>
Array log_of_sum(const Array& x, const Array& y, Log1pOfExp&& log1p_of_exp) {
  const auto [a, b] = elementwise::promoted_float(x, y);
  const Array difference = a - b;
  // Both the same infinity, or a NaN: the difference says nothing, the sum all.
  const Array sum = maximum(a, b) + log1p_of_exp(-abs(difference));
  return where(isnan(difference), a + b, sum);
}

}  // namespace

Array logaddexp(const Array& x, const Array& y) {
  return log_of_sum(x, y, [](const Array& d) { return log1p(exp(d)); });
}

Array logaddexp2(const Array& x, const Array& y) {
  return log_of_sum(x, y, [](const Array& d) { return log1p(exp2(d)) / std::numbers::ln2; });
}

}  // namespace danlu
