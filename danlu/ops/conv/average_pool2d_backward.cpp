#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Pool2DAttrs>();
  convolution::require_same_float(c, 1);
  convolution::require_shape(c, 0,
                             convolution::pool2d_output(c.where(), attrs.result, attrs, false),
                             "gradient of the output");
  return {{attrs.result, c.inputs[0].dtype}};
}

std::vector<Array> vjp(const GradContext& c) {
  const auto attrs = convolution::with_result(c.attrs_as<Pool2DAttrs>(), Shape{});
  return {make_op(average_pool2d_op(), {c.output_grads[0]}, make_attrs(attrs))};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::pool_cases()) {
    list.push_back({.label = s.label,
                    .inputs = {{s.out(), DType::float32}},
                    .attrs = make_attrs(convolution::with_result(s.attrs, s.x))});
  }
  return list;
}

}  // namespace

const OpDef& average_pool2d_backward_op() {
  static const OpDef op{
      .name = "average_pool2d_backward",
      .num_inputs = 1,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_pool2d,
      .samples = samples,
      .doc = "Gradient of average_pool2d's input: each gradient spread evenly over its window.",
  };
  return op;
}

}  // namespace danlu
