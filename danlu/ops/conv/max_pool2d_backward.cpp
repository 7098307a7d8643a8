#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Pool2DAttrs>();
  const Shape pooled = convolution::pool2d_output(c.where(), attrs.result, attrs, true);
  convolution::require_same_float(c, 1);
  convolution::require_shape(c, 0, pooled, "gradient of the output");
  convolution::require_index(c, 1, pooled);
  return {{attrs.result, c.inputs[0].dtype}};
}

std::vector<Array> vjp(const GradContext& c) {
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    const auto attrs = convolution::with_result(c.attrs_as<Pool2DAttrs>(), Shape{});
    grads[0] = make_op(max_pool2d_gather_op(), {c.output_grads[0], c.inputs[1]}, make_attrs(attrs));
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::pool_cases()) {
    const int64_t positions = s.attrs.pool_size[0] * s.attrs.pool_size[1];
    list.push_back({.label = s.label,
                    .inputs = {{s.out(), DType::float32}, {s.out(), DType::uint8}},
                    .attrs = make_attrs(convolution::with_result(s.attrs, s.x)),
                    .fill = [positions](int index, std::span<double> values) {
                      if (index == 1) convolution::fill_index(values, positions);
                    }});
  }
  return list;
}

}  // namespace

const OpDef& max_pool2d_backward_op() {
  static const OpDef op{
      .name = "max_pool2d_backward",
      .num_inputs = 2,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_pool2d,
      .samples = samples,
      .doc =
          "The gradient of max_pool2d's output added at the positions of the maxima, 0 "
          "elsewhere. A position in the padding is skipped.",
  };
  return op;
}

}  // namespace danlu
