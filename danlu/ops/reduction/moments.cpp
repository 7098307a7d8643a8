#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

double count_of(const Shape& shape, const ReductionAttrs& attrs) {
  double count = 1;
  for (const int64_t axis : attrs.axes) count *= static_cast<double>(shape[static_cast<int>(axis)]);
  return count;
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const DType dtype = c.inputs[0].dtype;
  if (!is_floating(dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "Only floating numbers have moments",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = c.inputs[0].to_string()});
  }
  const std::vector<TensorSpec> one = reduction::infer(c, dtype);
  return {one[0], one[0]};
}

/// The variance does not change with the mean that it is taken around: that is where it is least.
std::vector<Array> vjp(const GradContext& c) {
  const Array& x = c.inputs[0];
  const auto& attrs = c.attrs_as<ReductionAttrs>();
  const Shape kept = reduction::kept_shape(x.shape(), attrs);
  const double count = count_of(x.shape(), attrs);
  const Array &g_mean = c.output_grads[0], &g_variance = c.output_grads[1];
  Array grad;
  if (g_mean.defined()) grad = broadcast_to(reshape(g_mean / count, kept), x.shape());
  if (g_variance.defined()) {
    const Array around = x - reshape(c.outputs[0], kept);
    const Array part = around * reshape(g_variance * (2 / count), kept);
    grad = grad.defined() ? part + grad : part;
  }
  return {grad};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> inputs) {
  const Array& x = inputs[0];
  const auto& given = attrs_as<ReductionAttrs>(attrs);
  // To `mean` an empty list of axes is all of them.
  const auto average = [&](const Array& y) { return given.axes.empty() ? y : mean(y, given.axes); };
  const Array center = reshape(average(x), reduction::kept_shape(x.shape(), given));
  const Array variance = average(square(x - center));
  const Shape shape = reduction::reduced_shape(x.shape(), given);
  return {reshape(center, shape), reshape(variance, shape)};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> samples = reduction::samples();
  std::erase_if(samples, [](const OpSample& s) { return !is_floating(s.inputs[0].dtype); });
  for (OpSample& sample : samples) sample.tolerance = 4e-6;
  return samples;
}

}  // namespace

const OpDef& moments_op() {
  static const OpDef op{
      .name = "moments",
      .infer = infer,
      .vjp = vjp,
      .decompose = decompose,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return 4.0 * static_cast<double>(in[0].shape.num_elements());
          },
      .samples = samples,
      .doc =
          "Mean and variance over axes; the variance of a sample, not of what it was drawn from.",
  };
  return op;
}

}  // namespace danlu
