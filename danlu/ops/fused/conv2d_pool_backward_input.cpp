#include "danlu/ops/fused/conv2d_pool_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Conv2DPoolAttrs>();
  const TensorSpec floats[] = {c.inputs[0], c.inputs[2]};
  convolution::require_same_float({c.op_name, c.attrs, floats}, 2);
  const Shape image =
      convolution::conv2d_output(c.where(), attrs.conv.result, c.inputs[2].shape, attrs.conv);
  const Shape pooled = convolution::pool2d_output(c.where(), image, attrs.pool, true);
  convolution::require_shape(c, 0, pooled, "gradient of the output");
  convolution::require_index(c, 1, pooled);
  return {{attrs.conv.result, c.inputs[0].dtype}};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> in) {
  const auto& a = attrs_as<Conv2DPoolAttrs>(attrs);
  const Array spread = make_op(max_pool2d_backward_op(), {in[0], in[1]}, make_attrs(a.pool));
  return {make_op(conv2d_backward_input_op(), {spread, in[2]}, make_attrs(a.conv))};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : fused::conv_pool_cases()) {
    const int64_t positions = s.attrs.pool.pool_size[0] * s.attrs.pool.pool_size[1];
    Conv2DPoolAttrs attrs{convolution::with_result(s.attrs.conv, s.x),
                          convolution::with_result(s.attrs.pool, s.conv_out())};
    list.push_back({.label = s.label,
                    .inputs = {{s.pooled(), DType::float32},
                               {s.pooled(), DType::uint8},
                               {s.kernel, DType::float32}},
                    .attrs = make_attrs(attrs),
                    .tolerance = 1e-5,
                    .fill = [positions](int index, std::span<double> values) {
                      if (index == 1) convolution::fill_index(values, positions);
                    }});
  }
  return list;
}

}  // namespace

const OpDef& conv2d_pool_backward_input_op() {
  static const OpDef op{
      .name = "conv2d_pool_backward_input",
      .num_inputs = 3,
      .infer = infer,
      .decompose = decompose,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return fused::sparse_flops(in[2].shape, in[0].shape);
          },
      .symbolic_only = true,
      .samples = samples,
      .doc =
          "conv2d_backward_input(max_pool2d_backward(pooled_grad, index), kernel); inputs "
          "pooled_grad, index, kernel.",
  };
  return op;
}

}  // namespace danlu
