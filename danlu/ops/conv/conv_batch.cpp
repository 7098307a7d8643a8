#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu::convolution {
namespace {

using namespace batching;

constexpr int64_t kImageChannels = 3, kKernelFilters = 3;

/// `shape` with dimension `axis` multiplied by `factor`.
Shape scaled(const Shape& shape, int axis, int64_t factor) {
  return shape.rank() == 0 ? shape : shape.with_dim(axis, shape[axis] * factor);
}

Array images_as_groups(const BatchContext& c, size_t i) {
  return merge_into_axis(batched_input(c, i), kImageChannels);
}

Conv2DAttrs with_groups(const BatchContext& c) {
  Conv2DAttrs attrs = c.attrs_as<Conv2DAttrs>();
  attrs.groups *= c.size;
  return attrs;
}

}  // namespace

std::vector<Array> batch_conv2d(const BatchContext& c) {
  if (!c.batched[1]) {
    const auto out =
        make_op_outputs(*c.op, std::vector{merge_front(c.inputs[0]), c.inputs[1]}, c.attrs);
    return {split_front(out[0], c.size)};
  }
  const Array kernels = merge_into_axis(c.inputs[1], kKernelFilters);
  // One image set for all kernels needs no groups: they are more filters.
  const bool shared = !c.batched[0] && c.attrs_as<Conv2DAttrs>().groups == 1;
  const auto out = shared ? make_op_outputs(*c.op, std::vector{c.inputs[0], kernels}, c.attrs)
                          : call(*c.op, {images_as_groups(c, 0), kernels}, with_groups(c));
  return {split_from_axis(out[0], kImageChannels, c.size)};
}

std::vector<Array> batch_conv2d_backward_input(const BatchContext& c) {
  Conv2DAttrs attrs = c.attrs_as<Conv2DAttrs>();
  if (!c.batched[1]) {
    attrs.result = scaled(attrs.result, 0, c.size);
    return {split_front(call(*c.op, {merge_front(c.inputs[0]), c.inputs[1]}, attrs)[0], c.size)};
  }
  attrs = with_groups(c);
  attrs.result = scaled(attrs.result, kImageChannels, c.size);
  const Array kernels = merge_into_axis(c.inputs[1], kKernelFilters);
  return {split_from_axis(call(*c.op, {images_as_groups(c, 0), kernels}, attrs)[0], kImageChannels,
                          c.size)};
}

std::vector<Array> batch_pool2d(const BatchContext& c) {
  std::vector<Array> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) inputs.push_back(merge_front(batched_input(c, i)));
  Pool2DAttrs attrs = c.attrs_as<Pool2DAttrs>();
  if (attrs.result == c.outputs[0].shape) attrs.result = scaled(attrs.result, 0, c.size);
  std::vector<Array> outputs = call(*c.op, inputs, attrs);
  for (Array& output : outputs) output = split_front(output, c.size);
  return outputs;
}

}  // namespace danlu::convolution
