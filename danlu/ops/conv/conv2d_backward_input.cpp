#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  convolution::require_same_float(c, 2);
  convolution::require_shape(
      c, 0, convolution::conv2d_output(c.where(), attrs.result, c.inputs[1].shape, attrs),
      "gradient of the output");
  return {{attrs.result, c.inputs[0].dtype}};
}

// Linear in both inputs, so its derivatives are the two other ops of the family.
std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  const Array& grad = c.inputs[0];
  const Array& kernel = c.inputs[1];
  const Array& t = c.output_grads[0];
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    grads[0] =
        make_op(conv2d_op(), {t, kernel}, make_attrs(convolution::with_result(attrs, Shape{})));
  }
  if (c.needs_grad[1]) {
    grads[1] = make_op(conv2d_backward_kernel_op(), {t, grad},
                       make_attrs(convolution::with_result(attrs, kernel.shape())));
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::conv_cases()) {
    list.push_back({.label = s.label,
                    .inputs = {{s.out(), DType::float32}, {s.kernel, DType::float32}},
                    .attrs = make_attrs(convolution::with_result(s.attrs, s.x)),
                    .tolerance = 1e-5});
  }
  return list;
}

}  // namespace

const OpDef& conv2d_backward_input_op() {
  static const OpDef op{
      .name = "conv2d_backward_input",
      .num_inputs = 2,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_conv2d_backward_input,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return convolution::conv2d_flops(in[1].shape, in[0].shape);
          },
      .samples = samples,
      .doc =
          "Gradient of conv2d's input, from that of its output and the kernel "
          "(also called transposed convolution).",
  };
  return op;
}

}  // namespace danlu
