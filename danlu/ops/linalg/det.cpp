#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

/// `scale` of each matrix times the transposed inverse.
Array inverse_transposed(const Array& x, const Array& scale) {
  return linalg::by_row(linalg::by_row(scale)) * linalg::transposed(inv(x));
}

}  // namespace

const OpDef& det_op() {
  static const OpDef op{
      .name = "det",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        linalg::square(c);
        return {{linalg::batch_of(c.inputs[0].shape), c.inputs[0].dtype}};
      },
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        return {inverse_transposed(c.inputs[0], c.output_grads[0] * c.outputs[0])};
      },
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(2.0 / 3),
      .samples =
          [] {
            auto list = linalg::samples(linalg::Kind::square);
            std::erase_if(list, [](const OpSample& s) { return s.label == "large"; });
            return list;
          },
      .doc = "The determinant. Its gradient needs a matrix that is not singular.",
  };
  return op;
}

const OpDef& slogdet_op() {
  static const OpDef op{
      .name = "slogdet",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        linalg::square(c);
        const TensorSpec one{linalg::batch_of(c.inputs[0].shape), c.inputs[0].dtype};
        return {one, one};
      },
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[1].defined()) return {Array()};
        return {inverse_transposed(c.inputs[0], c.output_grads[1])};
      },
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(2.0 / 3),
      .samples = [] { return linalg::samples(linalg::Kind::square); },
      .doc = "Sign and logarithm of the magnitude of the determinant.",
  };
  return op;
}

Array det(const Array& x) { return make_op(det_op(), {elementwise::as_float(x)}); }

std::pair<Array, Array> slogdet(const Array& x) {
  const Array a = elementwise::as_float(x);
  const auto outputs = make_op_outputs(slogdet_op(), std::span(&a, 1));
  return {outputs[0], outputs[1]};
}

Array logdet(const Array& x) { return slogdet(x).second; }

}  // namespace danlu
