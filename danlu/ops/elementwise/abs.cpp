#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

namespace {

std::vector<TensorSpec> infer_abs(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  return {{x.shape, is_complex(x.dtype) ? DType::float32 : x.dtype}};
}

Array abs_derivative(const GradContext& c, int) {
  const Array &x = c.inputs[0], &y = c.outputs[0];
  return is_complex(x.dtype()) ? conj(x) / where(y == 0, 1, y) : sign(x);
}

}  // namespace

const OpDef& abs_op() {
  static const OpDef op{
      .name = "abs",
      .fusion = FusionKind::elementwise,
      .infer = infer_abs,
      .derivative = abs_derivative,
      .samples =
          [] {
            return elementwise::with_complex(
                elementwise::with_integers(elementwise::unary_samples(-3, 3), -9, 9), -3, 3);
          },
      .doc = "|x|, for complex64 as float32. The derivative at 0 is 0.",
  };
  return op;
}

Array abs(const Array& x) { return make_op(abs_op(), {x}); }

}  // namespace danlu
