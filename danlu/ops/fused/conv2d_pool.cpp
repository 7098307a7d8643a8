#include "danlu/ops/fused/conv2d_pool_record.h"
#include "danlu/ops/fused/fused_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Conv2DPoolAttrs>();
  convolution::require_same_float(c, 2);
  const Shape image =
      convolution::conv2d_output(c.where(), c.inputs[0].shape, c.inputs[1].shape, attrs.conv);
  fused::check_epilogue(c, image[3], attrs.activation);
  const Shape out = convolution::pool2d_output(c.where(), image, attrs.pool, true);
  return {{out, c.inputs[0].dtype}, {out, DType::uint8}};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> in) {
  const auto& a = attrs_as<Conv2DPoolAttrs>(attrs);
  const Array image =
      fused::finish(make_op(conv2d_op(), {in[0], in[1]}, make_attrs(a.conv)), in, a.activation);
  return make_op_outputs(max_pool2d_op(), std::span(&image, 1), make_attrs(a.pool));
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : fused::conv_pool_cases()) {
    OpSample sample{.label = s.label,
                    .inputs = {{s.x, DType::float32}, {s.kernel, DType::float32}},
                    .attrs = make_attrs(s.attrs),
                    .tolerance = 1e-5};
    if (list.size() % 4 != 3) sample.inputs.push_back({Shape{s.kernel[3]}, DType::float32});
    list.push_back(std::move(sample));
  }
  return list;
}

}  // namespace

const OpDef& conv2d_pool_op() {
  static const OpDef op{
      .name = "conv2d_pool",
      .num_inputs = -1,
      .infer = infer,
      .decompose = decompose,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            const Shape image = convolution::conv2d_output("conv2d_pool", in[0].shape, in[1].shape,
                                                           attrs_as<Conv2DPoolAttrs>(attrs).conv);
            return convolution::conv2d_flops(in[1].shape, image);
          },
      .symbolic_only = true,
      .samples = samples,
      .doc = "max_pool2d(activation(conv2d(x, kernel) + bias)) with its index.",
  };
  return op;
}

}  // namespace danlu
