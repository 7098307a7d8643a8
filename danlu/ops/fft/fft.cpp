#include "danlu/ops/fft.h"

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/fft/fft_attrs.h"
#include "danlu/ops/fft/fft_record.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<Array> transform(const Array& re, const Array& im, bool backward) {
  return make_op_outputs(fft_op(), std::vector<Array>{re, im}, make_attrs(FftAttrs{backward}));
}

/// The matrix of the transform is symmetric: its conjugate is that of the other direction.
std::vector<Array> vjp(const GradContext& c) {
  const Array &re = c.output_grads[0], &im = c.output_grads[1];
  if (!re.defined() && !im.defined()) return {Array(), Array()};
  const Array zero = zeros_like(c.inputs[0]);
  return transform(re.defined() ? re : zero, im.defined() ? im : zero,
                   !c.attrs_as<FftAttrs>().backward);
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const bool backward : {false, true}) {
    const auto add = [&](std::string label, Shape shape) {
      const TensorSpec spec{shape, DType::float32};
      list.push_back({.label = std::move(label) + (backward ? ", backward" : ""),
                      .inputs = {spec, spec},
                      .attrs = make_attrs(FftAttrs{backward}),
                      .differentiable = shape[-1] <= 32});
    };
    for (const int64_t n : fourier::sample_lengths()) add("length " + std::to_string(n), {n});
    add("rows", {9, 12});
    add("batch", {2, 3, 10});
    add("no rows", {0, 4});
  }
  return list;
}

/// Both parts as floats of one dtype and shape.
ComplexPair checked(const ComplexPair& x, const char* where, int axes) {
  const auto [re, im] = elementwise::promoted_float(x.first, x.second);
  if (re.shape() != im.shape() || re.rank() < axes) {
    throw ShapeError({.where = where,
                      .what = "The parts do not fit",
                      .expected = "real and imaginary parts of one shape with " +
                                  std::to_string(axes) + " axes or more",
                      .received = re.shape().to_string() + " and " + im.shape().to_string()});
  }
  return {re, im};
}

ComplexPair divided(const std::vector<Array>& x, int64_t n) {
  const double factor = 1 / static_cast<double>(n);
  return {x[0] * factor, x[1] * factor};
}

std::vector<Array> over_two_axes(const ComplexPair& x, bool backward) {
  const auto rows = transform(x.first, x.second, backward);
  const auto columns =
      transform(linalg::transposed(rows[0]), linalg::transposed(rows[1]), backward);
  return {linalg::transposed(columns[0]), linalg::transposed(columns[1])};
}

}  // namespace

const OpDef& fft_op() {
  static const OpDef op{
      .name = "fft",
      .num_inputs = 2,
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        fourier::check(c);
        return {c.inputs[0], c.inputs[0]};
      },
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops = fourier::flops,
      .samples = samples,
      .doc =
          "The Fourier transform of complex numbers along the last axis, forward or backward, "
          "not divided by the length.",
  };
  return op;
}

ComplexPair fft(const ComplexPair& x) {
  const auto [re, im] = checked(x, "fft", 1);
  const auto found = transform(re, im, false);
  return {found[0], found[1]};
}

ComplexPair ifft(const ComplexPair& x) {
  const auto [re, im] = checked(x, "ifft", 1);
  return divided(transform(re, im, true), re.shape()[-1]);
}

ComplexPair fft2(const ComplexPair& x) {
  const auto found = over_two_axes(checked(x, "fft2", 2), false);
  return {found[0], found[1]};
}

ComplexPair ifft2(const ComplexPair& x) {
  const ComplexPair y = checked(x, "ifft2", 2);
  const Shape& shape = y.first.shape();
  return divided(over_two_axes(y, true), shape[-1] * shape[-2]);
}

}  // namespace danlu
