#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  convolution::require_same_float(c, 2);
  convolution::require_shape(
      c, 1, convolution::conv2d_output(c.where(), c.inputs[0].shape, attrs.result, attrs),
      "gradient of the output");
  return {{attrs.result, c.inputs[0].dtype}};
}

// Linear in both inputs, so its derivatives are the two other ops of the family.
std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  const Array& x = c.inputs[0];
  const Array& grad = c.inputs[1];
  const Array& t = c.output_grads[0];
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    grads[0] = make_op(conv2d_backward_input_op(), {grad, t},
                       make_attrs(convolution::with_result(attrs, x.shape())));
  }
  if (c.needs_grad[1]) {
    grads[1] = make_op(conv2d_op(), {x, t}, make_attrs(convolution::with_result(attrs, Shape{})));
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::conv_cases()) {
    list.push_back({.label = s.label,
                    .inputs = {{s.x, DType::float32}, {s.out(), DType::float32}},
                    .attrs = make_attrs(convolution::with_result(s.attrs, s.kernel)),
                    .tolerance = 1e-5});
  }
  return list;
}

}  // namespace

const OpDef& conv2d_backward_kernel_op() {
  static const OpDef op{
      .name = "conv2d_backward_kernel",
      .num_inputs = 2,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_conv2d_backward_kernel,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return convolution::conv2d_flops(out[0].shape, in[1].shape);
          },
      .samples = samples,
      .doc = "Gradient of conv2d's kernel, from the input and the gradient of the output.",
  };
  return op;
}

}  // namespace danlu
