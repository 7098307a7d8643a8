#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  convolution::require_same_float(c, 1);
  return {
      {convolution::pool2d_output(c.where(), c.inputs[0].shape, c.attrs_as<Pool2DAttrs>(), false),
       c.inputs[0].dtype}};
}

std::vector<Array> vjp(const GradContext& c) {
  const auto attrs = convolution::with_result(c.attrs_as<Pool2DAttrs>(), c.inputs[0].shape());
  return {make_op(average_pool2d_backward_op(), {c.output_grads[0]}, make_attrs(attrs))};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::pool_cases()) {
    list.push_back(
        {.label = s.label, .inputs = {{s.x, DType::float32}}, .attrs = make_attrs(s.attrs)});
  }
  return list;
}

}  // namespace

const OpDef& average_pool2d_op() {
  static const OpDef op{
      .name = "average_pool2d",
      .num_inputs = 1,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_pool2d,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            const auto& a = attrs_as<Pool2DAttrs>(attrs);
            return static_cast<double>(a.pool_size[0] * a.pool_size[1]) *
                   static_cast<double>(out[0].shape.num_elements());
          },
      .samples = samples,
      .doc = "Mean of each window; padding does not count.",
  };
  return op;
}

}  // namespace danlu
