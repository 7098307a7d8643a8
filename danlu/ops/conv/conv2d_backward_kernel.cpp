#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/batching.h"

namespace danlu {
namespace {

using convolution::axes_of_sets;
using convolution::with_sets;

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  convolution::require_same_float(c, 2);
  const Shape& x = c.inputs[0].shape;
  const auto sets = axes_of_sets(x);
  const Shape images(x.dims().subspan(sets.size()));
  convolution::require_shape(
      c, 1, with_sets(sets, convolution::conv2d_output(c.where(), images, attrs.result, attrs)),
      "gradient of the output");
  return {{with_sets(sets, attrs.result), c.inputs[0].dtype}};
}

/// One call of `op` for each set of images and its kernel.
Array for_each_set(const OpDef& op, const Array& a, const Array& b, const Conv2DAttrs& attrs,
                   const std::vector<int64_t>& sets) {
  if (sets.empty()) return make_op(op, {a, b}, make_attrs(attrs));
  const int64_t size = Shape(sets).num_elements();
  std::vector<Array> inputs;
  std::vector<TensorSpec> specs;
  for (const Array& x : {a, b}) {
    const Shape element(x.shape().dims().subspan(sets.size()));
    inputs.push_back(reshape(x, element.with_axis_inserted(0, size)));
    specs.push_back({element, x.dtype()});
  }
  const AttrsPtr shared = make_attrs(attrs);
  const auto outputs = op.infer({.op_name = op.name, .attrs = shared.get(), .inputs = specs});
  constexpr bool kBatched[] = {true, true};
  const auto results = transform::batch_node({.op = &op,
                                              .attrs = shared,
                                              .inputs = inputs,
                                              .batched = kBatched,
                                              .size = size,
                                              .outputs = outputs});
  return reshape(results[0], with_sets(sets, outputs[0].shape));
}

// Linear in both inputs, so its derivatives are the two other ops of the family.
std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<Conv2DAttrs>();
  const Array& x = c.inputs[0];
  const Array& grad = c.inputs[1];
  const Array& t = c.output_grads[0];
  const auto sets = axes_of_sets(x.shape());
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    const Shape images(x.shape().dims().subspan(sets.size()));
    grads[0] = for_each_set(conv2d_backward_input_op(), grad, t,
                            convolution::with_result(attrs, images), sets);
  }
  if (c.needs_grad[1]) {
    grads[1] = for_each_set(conv2d_op(), x, t, convolution::with_result(attrs, Shape{}), sets);
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
  const Conv2DAttrs padded{.pad_before = {1, 0}, .pad_after = {1, 2}, .result = {3, 3, 2, 4}};
  for (const auto& sets : {std::vector<int64_t>{5}, {2, 3}, {0}}) {
    list.push_back({.label = "sets " + Shape(sets).to_string(),
                    .inputs = {{with_sets(sets, {2, 5, 6, 2}), DType::float32},
                               {with_sets(sets, {2, 5, 6, 4}), DType::float32}},
                    .attrs = make_attrs(padded),
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
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return convolution::conv2d_flops(attrs_as<Conv2DAttrs>(attrs).result, in[1].shape);
          },
      .samples = samples,
      .doc =
          "Gradient of conv2d's kernel, from the input and the gradient of the output. Axes before "
          "those of the images are sets with a kernel each.",
  };
  return op;
}

}  // namespace danlu
