#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Pool2DAttrs>();
  convolution::require_same_float(c, 1);
  const Shape pooled = convolution::pool2d_output(c.where(), c.inputs[0].shape, attrs, true);
  convolution::require_index(c, 1, pooled);
  return {{pooled, c.inputs[0].dtype}};
}

std::vector<Array> vjp(const GradContext& c) {
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    const auto attrs = convolution::with_result(c.attrs_as<Pool2DAttrs>(), c.inputs[0].shape());
    grads[0] =
        make_op(max_pool2d_backward_op(), {c.output_grads[0], c.inputs[1]}, make_attrs(attrs));
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::pool_cases()) {
    const int64_t positions = s.attrs.pool_size[0] * s.attrs.pool_size[1];
    list.push_back({.label = s.label,
                    .inputs = {{s.x, DType::float32}, {s.out(), DType::uint8}},
                    .attrs = make_attrs(s.attrs),
                    .tolerance = 0,
                    .fill = [positions](int index, std::span<double> values) {
                      if (index == 1) convolution::fill_index(values, positions);
                    }});
  }
  return list;
}

}  // namespace

const OpDef& max_pool2d_gather_op() {
  static const OpDef op{
      .name = "max_pool2d_gather",
      .num_inputs = 2,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_pool2d,
      .samples = samples,
      .doc =
          "The element of each window at the position that max_pool2d's index names; 0 for a "
          "position in the padding. The transpose of max_pool2d_backward.",
  };
  return op;
}

}  // namespace danlu
