#include <numbers>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

// Gradients are those of JAX: the linear map of the derivative transposed, not conjugated. So
// d exp(z) = exp(z) as for real numbers, and the gradient of a real function of z = x + iy is
// df/dx − i df/dy.

namespace danlu {
namespace {

void require_complex(const InferContext& c) {
  if (is_complex(c.inputs[0].dtype)) return;
  throw DTypeError({.where = c.where(),
                    .what = "The op is defined for complex numbers only",
                    .expected = "complex64",
                    .received = c.inputs[0].to_string(),
                    .hint = "cast(x, DType::complex64) first"});
}

std::vector<TensorSpec> infer_real_part(const InferContext& c) {
  require_complex(c);
  return {{c.inputs[0].shape, DType::float32}};
}

std::vector<TensorSpec> infer_conj(const InferContext& c) {
  require_complex(c);
  return {c.inputs[0]};
}

std::vector<OpSample> complex_samples() {
  std::vector<OpSample> samples = elementwise::unary_samples(-3, 3);
  for (OpSample& sample : samples) sample.inputs[0].dtype = DType::complex64;
  return samples;
}

Array constant(complex64 value) { return Array::scalar(value, DType::complex64); }

}  // namespace

const OpDef& real_op() {
  static const OpDef op{
      .name = "real",
      .infer = infer_real_part,
      .derivative = [](const GradContext&, int) { return constant(1); },
      .batch = batching::leading_axes,
      .samples = complex_samples,
      .doc = "The real part, as float32.",
  };
  return op;
}

const OpDef& imag_op() {
  static const OpDef op{
      .name = "imag",
      .infer = infer_real_part,
      .derivative =
          [](const GradContext&, int) {
            return constant({0, -1});
          },
      .batch = batching::leading_axes,
      .samples = complex_samples,
      .doc = "The imaginary part, as float32.",
  };
  return op;
}

const OpDef& conj_op() {
  static const OpDef op{
      .name = "conj",
      .infer = infer_conj,
      .vjp = [](const GradContext& c) -> std::vector<Array> { return {conj(c.output_grads[0])}; },
      .batch = batching::leading_axes,
      .samples = complex_samples,
      .doc = "The complex conjugate.",
  };
  return op;
}

const OpDef& angle_op() {
  static const OpDef op{
      .name = "angle",
      .infer = infer_real_part,
      .derivative =
          [](const GradContext& c, int) {
            return constant({0, -1}) / c.inputs[0];
          },
      .batch = batching::leading_axes,
      .samples = complex_samples,
      .doc = "The angle of the complex plane's polar coordinates, in (−π, π], as float32.",
  };
  return op;
}

Array real(const Array& x) { return is_complex(x.dtype()) ? make_op(real_op(), {x}) : x; }

Array imag(const Array& x) {
  return is_complex(x.dtype()) ? make_op(imag_op(), {x}) : zeros_like(x);
}

Array conj(const Array& x) { return is_complex(x.dtype()) ? make_op(conj_op(), {x}) : x; }

Array view_as_complex(const Array& x) {
  if (x.rank() == 0 || x.shape()[-1] != 2 || is_complex(x.dtype())) {
    throw ShapeError({.where = "view_as_complex",
                      .what = "The input holds no pairs of real numbers",
                      .expected = "a real dtype and a last axis of length 2",
                      .received = x.spec().to_string()});
  }
  return squeeze(view(cast(x, DType::float32), DType::complex64), -1);
}

Array view_as_real(const Array& x) {
  if (is_complex(x.dtype())) return view(expand_dims(x, -1), DType::float32);
  return stack({x, zeros_like(x)}, -1);
}

Array polar(const Array& abs, const Array& angle) {
  const auto [length, turn] = elementwise::promoted_float(abs, angle);
  return view_as_complex(stack({length * cos(turn), length * sin(turn)}, -1));
}

Array angle(const Array& x) {
  if (is_complex(x.dtype())) return make_op(angle_op(), {x});
  const Array y = elementwise::as_float(x);
  const Array half_turn = Array::scalar(std::numbers::pi, y.dtype());
  return where(isnan(y), y, where(signbit(y), half_turn, 0));
}

}  // namespace danlu
