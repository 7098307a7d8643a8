#include "danlu/ops/conv.h"
#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  convolution::require_same_float(c, 2);
  return {{convolution::conv2d_output(c.where(), c.inputs[0].shape, c.inputs[1].shape,
                                      c.attrs_as<Conv2DAttrs>()),
           c.inputs[0].dtype}};
}

std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  const Array& x = c.inputs[0];
  const Array& kernel = c.inputs[1];
  const Array& g = c.output_grads[0];
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    grads[0] = make_op(conv2d_backward_input_op(), {g, kernel},
                       make_attrs(convolution::with_result(attrs, x.shape())));
  }
  if (c.needs_grad[1]) {
    grads[1] = make_op(conv2d_backward_kernel_op(), {x, g},
                       make_attrs(convolution::with_result(attrs, kernel.shape())));
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::conv_cases()) {
    list.push_back({.label = s.label,
                    .inputs = {{s.x, DType::float32}, {s.kernel, DType::float32}},
                    .attrs = make_attrs(s.attrs),
                    .tolerance = 1e-5});
  }
  return list;
}

}  // namespace

const OpDef& conv2d_op() {
  static const OpDef op{
      .name = "conv2d",
      .num_inputs = 2,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_conv2d,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return convolution::conv2d_flops(in[1].shape, out[0].shape);
          },
      .samples = samples,
      .doc = "Cross-correlation of images (n, h, w, c) with kernels (kh, kw, c / groups, filters).",
  };
  return op;
}

Array conv2d(const Array& x, const Array& kernel, const Conv2DOptions& options) {
  const auto [a, b] =
      elementwise::promoted(elementwise::as_float(x), elementwise::as_float(kernel));
  Conv2DAttrs attrs{
      .strides = options.strides, .dilation_rate = options.dilation_rate, .groups = options.groups};
  const bool is_kernel = b.rank() == 4;
  const auto padding =
      convolution::resolve_padding("conv2d", options.padding, a.shape(),
                                   {is_kernel ? b.shape()[0] : 0, is_kernel ? b.shape()[1] : 0},
                                   options.strides, options.dilation_rate);
  attrs.pad_before = padding.before;
  attrs.pad_after = padding.after;
  return make_op(conv2d_op(), {a, b}, make_attrs(attrs));
}

}  // namespace danlu
