#include <algorithm>

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

TensorSpec values_spec(const InferContext& c) {
  const auto [rows, columns] = linalg::matrix(c);
  return {linalg::with_axes(linalg::batch_of(c.inputs[0].shape), {std::min(rows, columns)}),
          c.inputs[0].dtype};
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec s = values_spec(c);
  const Shape& shape = c.inputs[0].shape;
  const Shape batch = linalg::batch_of(shape);
  const int64_t k = s.shape[-1];
  return {{linalg::with_axes(batch, {shape[-2], k}), s.dtype},
          s,
          {linalg::with_axes(batch, {k, shape[-1]}), s.dtype}};
}

Array product(const Array& a, const Array& b, bool transpose_a = false, bool transpose_b = false) {
  return matmul(a, b, {.transpose_a = transpose_a, .transpose_b = transpose_b});
}

/// x̄ = U (skew(Uᵀ Ū)/E · S + S · skew(Vᵀ V̄)/E + diag s̄) Vᵀ and the parts of Ū and V̄ outside the
/// spaces of U and V, with E_ij = s_j² − s_i². Source: Townsend, "Differentiating the singular
/// value decomposition" (2016).
std::vector<Array> vjp(const GradContext& c) {
  const Array &u = c.outputs[0], &s = c.outputs[1], &vh = c.outputs[2];
  const Array &u_grad = c.output_grads[0], &s_grad = c.output_grads[1],
              &vh_grad = c.output_grads[2];
  const Array columns = linalg::by_column(s), rows = linalg::by_row(s);
  const Array inverse_gap = linalg::safe_reciprocal((columns - rows) * (columns + rows));
  const Array inverse = linalg::safe_reciprocal(s);
  const Array unit = identity(s.shape()[-1], s.dtype());
  const auto skew_over_gap = [&](const Array& m) {
    return (m - linalg::transposed(m)) * inverse_gap;
  };
  Array inner, beside;
  const auto add = [](Array& to, const Array& term) { to = to.defined() ? to + term : term; };
  if (s_grad.defined()) add(inner, unit * linalg::by_column(s_grad));
  if (u_grad.defined()) {
    const Array inside = product(u, u_grad, true);
    add(inner, skew_over_gap(inside) * columns);
    if (u.shape()[-2] > u.shape()[-1]) {
      add(beside, product((u_grad - product(u, inside)) * linalg::by_column(inverse), vh));
    }
  }
  if (vh_grad.defined()) {
    const Array inside = product(vh, vh_grad, false, true);
    add(inner, rows * skew_over_gap(inside));
    if (vh.shape()[-1] > vh.shape()[-2]) {
      const Array outside = vh_grad - product(inside, vh, true);
      add(beside, product(u * linalg::by_column(inverse), outside));
    }
  }
  if (!inner.defined()) return {Array()};
  const Array through = product(product(u, inner), vh);
  return {beside.defined() ? through + beside : through};
}

std::vector<OpSample> samples() {
  auto list = linalg::samples(linalg::Kind::general);
  const Shape wide{3, 5};
  list.push_back({.label = "wide",
                  .inputs = {{wide, DType::float32}},
                  .tolerance = 2e-5,
                  .fill = [](int, std::span<double> values) {
                    linalg::fill(linalg::Kind::general, 3, 5, values);
                  }});
  for (OpSample& sample : list) sample.tolerance = 5e-5;
  return list;
}

}  // namespace

const OpDef& svd_op() {
  static const OpDef op{
      .name = "svd",
      .infer = infer,
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(20),
      .fault_text =
          [](const Attrs*, int64_t) {
            return std::string("The decomposition did not converge. Expected finite numbers.");
          },
      .samples = samples,
      .doc = "Singular vectors and values, the values descending.",
  };
  return op;
}

const OpDef& svdvals_op() {
  static const OpDef op{
      .name = "svdvals",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> { return {values_spec(c)}; },
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        const auto found = make_op_outputs(svd_op(), c.inputs.first(1));
        return {product(found[0] * linalg::by_column(c.output_grads[0]), found[2])};
      },
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(4),
      .fault_text =
          [](const Attrs*, int64_t) {
            return std::string("The decomposition did not converge. Expected finite numbers.");
          },
      .samples = samples,
      .doc = "Singular values, descending.",
  };
  return op;
}

SvdResult svd(const Array& x, bool full_matrices) {
  const Array a = elementwise::as_float(x);
  const auto found = make_op_outputs(svd_op(), std::span(&a, 1));
  SvdResult result{found[0], found[1], found[2]};
  const int64_t rows = a.shape()[-2], columns = a.shape()[-1];
  if (!full_matrices || rows == columns) return result;
  // The rest of an orthonormal basis.
  const auto completed = [](const Array& basis) {
    const Array all = qr(basis, "complete").first;
    std::vector<int64_t> start(static_cast<size_t>(all.rank()), 0);
    start.back() = basis.shape()[-1];
    return concatenate({basis, slice(all, start, all.shape().to_vector())}, -1);
  };
  if (rows > columns) {
    result.u = completed(result.u);
  } else {
    result.vh = linalg::transposed(completed(linalg::transposed(result.vh)));
  }
  return result;
}

Array svdvals(const Array& x) { return make_op(svdvals_op(), {elementwise::as_float(x)}); }

}  // namespace danlu
