#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

Array complex_of(const Array& re, const Array& im) {
  const Array unit = Array::scalar(complex64(0, 1), DType::complex64);
  return cast(re, DType::complex64) + unit * cast(im, DType::complex64);
}

/// Of complex matrices, by that of [re −im; im re].
Array inverse(const Array& x) {
  const Array re = real(x), im = imag(x);
  const Array both = inv(concatenate({concatenate({re, -im}, -1), concatenate({im, re}, -1)}, -2));
  const int64_t n = x.shape()[-1];
  const Array left = split(both, std::vector<int64_t>{n}, -1)[0];
  const auto parts = split(left, std::vector<int64_t>{n}, -2);
  return complex_of(parts[0], parts[1]);
}

/// The gradient with respect to V (F ∘ M), from that with respect to the columns as they are: of
/// length 1, the greatest component real.
Array of_free_columns(const Array& v, const Array& g) {
  const Array along = sum(g * v, {-2}, true);  // (…, 1, n)
  const Array size = abs(v);
  const Array first = argmax(cast(size >= 0.9999 * max(size, {-2}, true), DType::int32), -2);
  const Array greatest = expand_dims(first, -2) == expand_dims(arange(0, v.shape()[-2]), 1);
  const Array turn = complex_of(zeros_like(size), -imag(along) / size);
  return g - conj(v) * real(along) + where(greatest, turn, Array::scalar(0, v.dtype()));
}

/// x̄ = P⊤ (diag w̄ + F ∘ (V⊤ V̄)) V⊤ with P = V⁻¹ and F = 1 / (w_j − w_i), of which the real part
/// counts. Source: M. B. Giles, An Extended Collection of Matrix Derivative Results (2008).
std::vector<Array> vjp(const GradContext& c) {
  const Array &w = c.outputs[0], &v = c.outputs[1];
  const Array &w_grad = c.output_grads[0], &v_grad = c.output_grads[1];
  Array inner;
  if (w_grad.defined()) inner = identity(w.shape()[-1], w.dtype()) * linalg::by_column(w_grad);
  if (v_grad.defined()) {
    const Array gap = linalg::by_column(w) - linalg::by_row(w);
    const Array turned =
        matmul(linalg::transposed(v), of_free_columns(v, v_grad)) * linalg::safe_reciprocal(gap);
    inner = inner.defined() ? inner + turned : turned;
  }
  if (!inner.defined()) return {Array()};
  const Array gradient =
      matmul(matmul(linalg::transposed(inverse(v)), inner), linalg::transposed(v));
  return {cast(real(gradient), c.inputs[0].dtype())};
}

}  // namespace

const OpDef& eig_op() {
  static const OpDef op{
      .name = "eig",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        const int64_t n = linalg::square(c);
        const Shape& shape = c.inputs[0].shape;
        return {{linalg::with_axes(linalg::batch_of(shape), {n}), DType::complex64},
                {shape, DType::complex64}};
      },
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(25),
      .fault_text =
          [](const Attrs*, int64_t) {
            return std::string("The decomposition did not converge. Expected finite numbers.");
          },
      .samples =
          [] {
            auto list = linalg::samples(linalg::Kind::square);
            for (OpSample& sample : list) sample.tolerance = 1e-4, sample.differentiable = false;
            // Its vectors are too near to one another for float32.
            list.erase(list.begin() + 4);
            return list;
          },
      .doc = "Eigenvalues and eigenvectors of any square matrix, complex.",
  };
  return op;
}

std::pair<Array, Array> eig(const Array& x) {
  const Array a = elementwise::as_float(x);
  const auto outputs = make_op_outputs(eig_op(), std::span(&a, 1));
  return {outputs[0], outputs[1]};
}

}  // namespace danlu
