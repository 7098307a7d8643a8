#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_attrs.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const int64_t n = linalg::square(c);
  const TensorSpec rows{linalg::with_axes(linalg::batch_of(c.inputs[0].shape), {n}), DType::int32};
  return {c.inputs[0], rows, rows};
}

Array solved(const Array& a, const Array& b, bool lower) {
  return make_op(solve_triangular_op(), {a, b}, make_attrs(SolveTriangularAttrs{lower, true}));
}

/// x̄ = Pᵀ L⁻ᵀ (strict lower of Lᵀ L̄ + upper of Ū Uᵀ) U⁻ᵀ.
std::vector<Array> vjp(const GradContext& c) {
  const Array& g = c.output_grads[0];
  if (!g.defined()) return {Array()};
  const Array& lu = c.outputs[0];
  const Array unit = identity(lu.shape()[-1], lu.dtype());
  const Array l = linalg::triangle(lu, true, true) + unit;
  const Array u = linalg::triangle(lu, false);
  const Array l_grad = linalg::triangle(g, true, true), u_grad = linalg::triangle(g, false);
  const Array middle = linalg::triangle(matmul(l, l_grad, {.transpose_a = true}), true, true) +
                       linalg::triangle(matmul(u_grad, u, {.transpose_b = true}), false);
  const Array left = solved(l, middle, true);
  // left U⁻ᵀ = (U⁻¹ leftᵀ)ᵀ.
  const Array permuted =
      linalg::transposed(make_op(solve_triangular_op(), {u, linalg::transposed(left)},
                                 make_attrs(SolveTriangularAttrs{false, false})));
  return {take_along_axis(permuted, linalg::by_row(argsort(c.outputs[2])), -2)};
}

}  // namespace

const OpDef& lu_factor_op() {
  static const OpDef op{
      .name = "lu_factor",
      .infer = infer,
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(2.0 / 3),
      .samples = [] { return linalg::samples(linalg::Kind::square); },
      .doc = "L and U in one matrix, the rows exchanged with row 0, 1, …, and the rows' order.",
  };
  return op;
}

std::pair<Array, Array> lu_factor(const Array& x) {
  const Array a = elementwise::as_float(x);
  const auto outputs = make_op_outputs(lu_factor_op(), std::span(&a, 1));
  return {outputs[0], outputs[1]};
}

}  // namespace danlu
