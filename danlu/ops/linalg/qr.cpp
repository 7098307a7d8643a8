#include "danlu/base/error.h"
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

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto [rows, columns] = linalg::matrix(c);
  if (rows < columns) {
    throw ShapeError({.where = c.where(),
                      .what = "The matrices have more columns than rows",
                      .expected = "(…, m, n) with m ≥ n",
                      .received = c.inputs[0].shape.to_string()});
  }
  const Shape batch = linalg::batch_of(c.inputs[0].shape);
  const DType dtype = c.inputs[0].dtype;
  const int64_t k = c.attrs_as<QrAttrs>().complete ? rows : columns;
  return {{linalg::with_axes(batch, {rows, k}), dtype},
          {linalg::with_axes(batch, {k, columns}), dtype}};
}

/// x̄ = (Q̄ + Q·sym(tril(R R̄ᵀ − Q̄ᵀ Q))) R⁻ᵀ. Source: Walter and Lehmann, "Algorithmic
/// differentiation of linear algebra functions" (2018).
std::vector<Array> vjp(const GradContext& c) {
  const Array &q = c.outputs[0], &r = c.outputs[1];
  if (q.shape()[-1] != r.shape()[-1]) {
    throw UnsupportedError({.where = "qr",
                            .what = "A complete Q of a high matrix has no derivative: the columns "
                                    "beyond those of R are not unique",
                            .hint = "take mode \"reduced\""});
  }
  const Array &q_given = c.output_grads[0], &r_given = c.output_grads[1];
  if (!q_given.defined() && !r_given.defined()) return {Array()};
  const Array q_grad = q_given.defined() ? q_given : zeros_like(q);
  const Array r_grad = r_given.defined() ? r_given : zeros_like(r);
  const Array m =
      matmul(r, r_grad, {.transpose_b = true}) - matmul(q_grad, q, {.transpose_a = true});
  const Array strict = linalg::triangle(m, true, true);
  const Array both = linalg::triangle(m, true) + linalg::transposed(strict);
  const Array right = q_grad + matmul(q, both);
  return {linalg::transposed(make_op(solve_triangular_op(), {r, linalg::transposed(right)},
                                     make_attrs(SolveTriangularAttrs{false, false})))};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const bool complete : {false, true}) {
    for (OpSample& sample : linalg::samples(linalg::Kind::general, make_attrs(QrAttrs{complete}))) {
      const Shape& shape = sample.inputs[0].shape;
      if (complete && shape[-1] != shape[-2]) sample.differentiable = false;
      if (complete) sample.label += ", complete";
      list.push_back(std::move(sample));
    }
  }
  return list;
}

}  // namespace

const OpDef& qr_op() {
  static const OpDef op{
      .name = "qr",
      .infer = infer,
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(4),
      .samples = samples,
      .doc = "Orthonormal Q and upper triangular R of matrices with no more columns than rows.",
  };
  return op;
}

std::pair<Array, Array> qr(const Array& x, const std::string& mode) {
  if (mode != "reduced" && mode != "complete") {
    throw ValueError({.where = "qr",
                      .what = "There is no such mode",
                      .expected = "'reduced' or 'complete'",
                      .received = "'" + mode + "'"});
  }
  const Array a = elementwise::as_float(x);
  const bool wide = a.rank() >= 2 && a.shape()[-2] < a.shape()[-1];
  const auto decomposed = [&](const Array& m) {
    return make_op_outputs(qr_op(), std::span(&m, 1),
                           make_attrs(QrAttrs{mode == "complete" && !wide}));
  };
  if (!wide) {
    const auto outputs = decomposed(a);
    return {outputs[0], outputs[1]};
  }
  // A wide matrix: what follows the square part is only turned.
  const int64_t rows = a.shape()[-2];
  std::vector<int64_t> start(static_cast<size_t>(a.rank()), 0), stop = a.shape().to_vector();
  stop.back() = rows;
  const auto outputs = decomposed(slice(a, start, stop));
  start.back() = rows, stop.back() = a.shape()[-1];
  const Array rest = matmul(outputs[0], slice(a, start, stop), {.transpose_a = true});
  return {outputs[0], concatenate({outputs[1], rest}, -1)};
}

}  // namespace danlu
