#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/fft.h"
#include "danlu/ops/fft/fft_attrs.h"
#include "danlu/ops/fft/fft_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<Array> forward(const Array& x) { return make_op_outputs(rfft_op(), std::span(&x, 1)); }

Array backward(const Array& re, const Array& im, int64_t length) {
  return make_op(irfft_op(), {re, im}, make_attrs(IrfftAttrs{length}));
}

/// 1 for the numbers that are their own conjugates, `others` for those that stand for two.
Array weights(int64_t length, double others, DType dtype) {
  std::vector<double> values(static_cast<size_t>(length / 2 + 1), others);
  values.front() = 1;
  if (length % 2 == 0) values.back() = 1;
  return cast(Array(values), dtype);
}

std::vector<Array> rfft_vjp(const GradContext& c) {
  const Array &re = c.output_grads[0], &im = c.output_grads[1];
  if (!re.defined() && !im.defined()) return {Array()};
  const int64_t n = c.inputs[0].shape()[-1];
  const Array zero = zeros_like(c.outputs[0]);
  const Array half = weights(n, 0.5, c.inputs[0].dtype());
  return {backward((re.defined() ? re : zero) * half, (im.defined() ? im : zero) * half, n)};
}

std::vector<Array> irfft_vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array(), Array()};
  const auto found = forward(c.output_grads[0]);
  const Array twice = weights(c.attrs_as<IrfftAttrs>().length, 2, c.inputs[0].dtype());
  return {found[0] * twice, found[1] * twice};
}

std::vector<TensorSpec> infer_irfft(const InferContext& c) {
  fourier::check(c);
  const int64_t length = c.attrs_as<IrfftAttrs>().length;
  const Shape& shape = c.inputs[0].shape;
  if (length < 1 || length / 2 + 1 != shape[-1]) {
    throw ShapeError(
        {.where = c.where(),
         .what = "The length does not fit the input",
         .expected = "a last axis of length/2 + 1",
         .received = "length " + std::to_string(length) + ", input " + shape.to_string()});
  }
  return {{shape.with_dim(shape.rank() - 1, length), c.inputs[0].dtype}};
}

std::vector<OpSample> rfft_samples() {
  std::vector<OpSample> list;
  const auto add = [&](std::string label, Shape shape) {
    list.push_back({.label = std::move(label),
                    .inputs = {{shape, DType::float32}},
                    .differentiable = shape[-1] <= 64});
  };
  for (const int64_t n : fourier::sample_lengths()) add("length " + std::to_string(n), {n});
  add("rows", {9, 12});
  add("odd rows", {2, 3, 15});
  add("no rows", {0, 4});
  return list;
}

std::vector<OpSample> irfft_samples() {
  std::vector<OpSample> list;
  for (OpSample sample : rfft_samples()) {
    const Shape shape = sample.inputs[0].shape;
    const TensorSpec half{shape.with_dim(shape.rank() - 1, shape[-1] / 2 + 1), DType::float32};
    sample.inputs = {half, half};
    sample.attrs = make_attrs(IrfftAttrs{shape[-1]});
    list.push_back(std::move(sample));
  }
  return list;
}

/// The last axis cut or filled with zeros to `length`.
Array resized(const Array& x, int64_t length) {
  const int64_t n = x.shape()[-1];
  if (length == n) return x;
  std::vector<std::array<int64_t, 2>> widths(static_cast<size_t>(x.rank()), {0, 0});
  if (length > n) {
    widths.back()[1] = length - n;
    return pad(x, widths);
  }
  std::vector<int64_t> stop = x.shape().to_vector();
  stop.back() = length;
  return slice(x, std::vector<int64_t>(stop.size(), 0), stop);
}

void require_length(std::optional<int64_t> length, int rank, const char* where) {
  if (rank > 0 && length.value_or(1) >= 1) return;
  throw ShapeError({.where = where,
                    .what = "There is nothing to transform",
                    .expected = "a last axis, and a length of 1 or more",
                    .received = "rank " + std::to_string(rank) + ", length " +
                                std::to_string(length.value_or(0))});
}

}  // namespace

const OpDef& rfft_op() {
  static const OpDef op{
      .name = "rfft",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        fourier::check(c);
        const Shape& shape = c.inputs[0].shape;
        const TensorSpec half{shape.with_dim(shape.rank() - 1, shape[-1] / 2 + 1),
                              c.inputs[0].dtype};
        return {half, half};
      },
      .vjp = rfft_vjp,
      .batch = batching::leading_axes,
      .flops = fourier::flops,
      .samples = rfft_samples,
      .doc = "The first half of the Fourier transform of real numbers along the last axis.",
  };
  return op;
}

const OpDef& irfft_op() {
  static const OpDef op{
      .name = "irfft",
      .num_inputs = 2,
      .infer = infer_irfft,
      .vjp = irfft_vjp,
      .batch = batching::leading_axes,
      .flops = fourier::flops,
      .samples = irfft_samples,
      .doc = "The real numbers whose transform begins with the input, times their number.",
  };
  return op;
}

ComplexPair rfft(const Array& x, std::optional<int64_t> fft_length) {
  require_length(fft_length, x.rank(), "rfft");
  const Array y = elementwise::as_float(x);
  const auto found = forward(resized(y, fft_length.value_or(y.shape()[-1])));
  return {found[0], found[1]};
}

Array irfft(const ComplexPair& x, std::optional<int64_t> fft_length) {
  const auto [re, im] = elementwise::promoted_float(x.first, x.second);
  require_length(fft_length, re.rank(), "irfft");
  if (re.shape() != im.shape()) {
    throw ShapeError({.where = "irfft",
                      .what = "The real and the imaginary parts differ",
                      .expected = "two Arrays of one shape",
                      .received = re.shape().to_string() + " and " + im.shape().to_string()});
  }
  const int64_t length = fft_length.value_or(2 * (re.shape()[-1] - 1));
  require_length(length, re.rank(), "irfft");
  const int64_t half = length / 2 + 1;
  return backward(resized(re, half), resized(im, half), length) * (1 / static_cast<double>(length));
}

}  // namespace danlu
