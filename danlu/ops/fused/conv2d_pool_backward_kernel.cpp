#include "danlu/ops/fused/conv2d_pool_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using convolution::axes_of_sets;
using convolution::with_sets;

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Conv2DPoolAttrs>();
  convolution::require_same_float(c, 2);
  const Shape& x = c.inputs[0].shape;
  const auto sets = axes_of_sets(x);
  const Shape image = convolution::conv2d_output(c.where(), Shape(x.dims().subspan(sets.size())),
                                                 attrs.conv.result, attrs.conv);
  const Shape pooled =
      with_sets(sets, convolution::pool2d_output(c.where(), image, attrs.pool, true));
  convolution::require_shape(c, 1, pooled, "gradient of the output");
  convolution::require_index(c, 2, pooled);
  return {{with_sets(sets, attrs.conv.result), c.inputs[0].dtype}};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> in) {
  const auto& a = attrs_as<Conv2DPoolAttrs>(attrs);
  const Shape& x = in[0].shape();
  const Shape pooled = in[1].shape();
  const Shape images = Shape(pooled.dims().last(4)).with_dim(0, a.pool.result[0]);
  const Array spread =
      make_op(max_pool2d_backward_op(), {reshape(in[1], images), reshape(in[2], images)},
              make_attrs(a.pool));
  const Shape image = a.pool.result.with_dim(0, x[-4]);
  return {make_op(conv2d_backward_kernel_op(),
                  {in[0], reshape(spread, with_sets(axes_of_sets(x), image))}, make_attrs(a.conv))};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  const auto add = [&](const fused::ConvPoolCase& s, const std::vector<int64_t>& sets) {
    const int64_t positions = s.attrs.pool.pool_size[0] * s.attrs.pool.pool_size[1];
    const Shape image = s.conv_out(), pooled = with_sets(sets, s.pooled());
    Conv2DPoolAttrs attrs{
        convolution::with_result(s.attrs.conv, s.kernel),
        convolution::with_result(s.attrs.pool,
                                 image.with_dim(0, image[0] * Shape(sets).num_elements()))};
    list.push_back({.label = s.label + (sets.empty() ? "" : ", sets " + Shape(sets).to_string()),
                    .inputs = {{with_sets(sets, s.x), DType::float32},
                               {pooled, DType::float32},
                               {pooled, DType::uint8}},
                    .attrs = make_attrs(attrs),
                    .tolerance = 1e-5,
                    .fill = [positions](int index, std::span<double> values) {
                      if (index == 2) convolution::fill_index(values, positions);
                      // What ReLU leaves 0.
                      if (index == 1) {
                        for (size_t i = 0; i < values.size(); i += 3) values[i] = 0;
                      }
                    }});
  };
  for (const auto& s : fused::conv_pool_cases()) {
    add(s, {});
    add(s, {3});
  }
  const auto cases = fused::conv_pool_cases();
  for (const auto& sets : {std::vector<int64_t>{2, 3}, {1}, {0}}) {
    add(cases.front(), sets);
    add(cases.back(), sets);
  }
  return list;
}

}  // namespace

const OpDef& conv2d_pool_backward_kernel_op() {
  static const OpDef op{
      .name = "conv2d_pool_backward_kernel",
      .num_inputs = 3,
      .infer = infer,
      .decompose = decompose,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return fused::sparse_flops(out[0].shape, in[1].shape);
          },
      .symbolic_only = true,
      .samples = samples,
      .doc =
          "conv2d_backward_kernel(x, max_pool2d_backward(pooled_grad, index)); inputs x, "
          "pooled_grad, index. Axes before those of the images are sets with a kernel each.",
  };
  return op;
}

}  // namespace danlu
