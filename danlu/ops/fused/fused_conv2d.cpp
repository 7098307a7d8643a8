#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/fused/fused_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  convolution::require_same_float(c, 2);
  const Shape out = convolution::conv2d_output(c.where(), c.inputs[0].shape, c.inputs[1].shape,
                                               c.attrs_as<FusedConv2DAttrs>().conv);
  fused::check_epilogue(c, out[3], c.attrs_as<FusedConv2DAttrs>().activation);
  return {{out, c.inputs[0].dtype}};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> in) {
  const auto& a = attrs_as<FusedConv2DAttrs>(attrs);
  return {
      fused::finish(make_op(conv2d_op(), {in[0], in[1]}, make_attrs(a.conv)), in, a.activation)};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  int k = 0;
  for (const auto& s : convolution::conv_cases()) {
    OpSample sample{
        .label = s.label,
        .inputs = {{s.x, DType::float32}, {s.kernel, DType::float32}},
        .attrs = make_attrs(FusedConv2DAttrs{s.attrs, static_cast<FusedActivation>((k + 1) % 4)}),
        .tolerance = 1e-5};
    if (k++ % 4 != 3) sample.inputs.push_back({Shape{s.kernel[3]}, DType::float32});
    list.push_back(std::move(sample));
  }
  return list;
}

}  // namespace

const OpDef& fused_conv2d_op() {
  static const OpDef op{
      .name = "fused_conv2d",
      .num_inputs = -1,
      .infer = infer,
      .decompose = decompose,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return convolution::conv2d_flops(in[1].shape, out[0].shape);
          },
      .symbolic_only = true,
      .samples = samples,
      .doc = "activation(conv2d(x, kernel) + bias).",
  };
  return op;
}

}  // namespace danlu
