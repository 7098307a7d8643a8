#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_attrs.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

Array solved(const Array& l, const Array& b) {
  return make_op(solve_triangular_op(), {l, b}, make_attrs(SolveTriangularAttrs{true, true}));
}

/// x̄ = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, symmetrized; Φ takes the lower triangle with half the diagonal.
/// Source: Murray, "Differentiation of the Cholesky decomposition" (2016).
std::vector<Array> vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array()};
  const Array& l = c.outputs[0];
  const Array inner = matmul(l, c.output_grads[0], {.transpose_a = true});
  const Array half = 0.5 * (linalg::triangle(inner, true) + linalg::triangle(inner, true, true));
  const Array left = solved(l, half);
  return {linalg::symmetric(linalg::transposed(solved(l, linalg::transposed(left))))};
}

}  // namespace

const OpDef& cholesky_op() {
  static const OpDef op{
      .name = "cholesky",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        linalg::square(c);
        return {c.inputs[0]};
      },
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(1.0 / 3),
      .fault_text =
          [](const Attrs*, int64_t value) {
            return "The matrix is not positive definite. Expected a positive pivot in every row. "
                   "Received another one in row " +
                   std::to_string(value) + ".";
          },
      .samples = [] { return linalg::samples(linalg::Kind::definite); },
      .doc = "Lower triangular L with (x + xᵀ)/2 = L Lᵀ.",
  };
  return op;
}

Array cholesky(const Array& x, bool upper) {
  const Array lower = make_op(cholesky_op(), {elementwise::as_float(x)});
  return upper ? linalg::transposed(lower) : lower;
}

Array cholesky_inverse(const Array& x, bool upper) {
  const Array factor = elementwise::as_float(x);
  const int64_t n = factor.rank() < 2 ? 0 : factor.shape()[-1];
  const Array root = solve_triangular(factor, identity(n, factor.dtype()), !upper);
  return upper ? matmul(root, root, {.transpose_b = true})
               : matmul(root, root, {.transpose_a = true});
}

}  // namespace danlu
