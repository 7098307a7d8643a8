#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

/// x̄ = V (diag w̄ + Vᵀ V̄ / (w_j − w_i)) Vᵀ, symmetrized.
std::vector<Array> vjp(const GradContext& c) {
  const Array &w = c.outputs[0], &v = c.outputs[1];
  const Array &w_grad = c.output_grads[0], &v_grad = c.output_grads[1];
  Array inner;
  if (w_grad.defined()) {
    inner = identity(w.shape()[-1], w.dtype()) * linalg::by_column(w_grad);
  }
  if (v_grad.defined()) {
    const Array gap = linalg::by_column(w) - linalg::by_row(w);
    const Array turned = matmul(v, v_grad, {.transpose_a = true}) * linalg::safe_reciprocal(gap);
    inner = inner.defined() ? inner + turned : turned;
  }
  if (!inner.defined()) return {Array()};
  return {linalg::symmetric(matmul(matmul(v, inner), v, {.transpose_b = true}))};
}

}  // namespace

const OpDef& eigh_op() {
  static const OpDef op{
      .name = "eigh",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        const int64_t n = linalg::square(c);
        const TensorSpec& x = c.inputs[0];
        return {{linalg::with_axes(linalg::batch_of(x.shape), {n}), x.dtype}, x};
      },
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(9),
      .fault_text =
          [](const Attrs*, int64_t) {
            return std::string("The decomposition did not converge. Expected finite numbers.");
          },
      .samples =
          [] {
            auto list = linalg::samples(linalg::Kind::symmetric);
            for (OpSample& sample : list) sample.tolerance = 5e-5;
            return list;
          },
      .doc = "Eigenvalues, ascending, and eigenvectors of (x + xᵀ)/2.",
  };
  return op;
}

std::pair<Array, Array> eigh(const Array& x) {
  const Array a = elementwise::as_float(x);
  const auto outputs = make_op_outputs(eigh_op(), std::span(&a, 1));
  return {outputs[0], outputs[1]};
}

}  // namespace danlu
