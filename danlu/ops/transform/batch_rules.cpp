#include "danlu/ops/transform/batch_rules.h"

#include <algorithm>
#include <numeric>

#include "danlu/ops/manipulation.h"

namespace danlu::batching {

std::vector<Array> elementwise(const BatchContext& c) {
  int rank = 0;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    rank = std::max(rank, c.inputs[i].rank() - (c.batched[i] ? 1 : 0));
  }
  std::vector<Array> inputs(c.inputs.begin(), c.inputs.end());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!c.batched[i]) continue;
    std::vector<int64_t> dims = inputs[i].shape().to_vector();
    dims.insert(dims.begin() + 1, static_cast<size_t>(rank + 1 - inputs[i].rank()), 1);
    inputs[i] = reshape(inputs[i], Shape(dims));
  }
  return make_op_outputs(*c.op, inputs, c.attrs);
}

std::vector<Array> leading_axes(const BatchContext& c) {
  std::vector<Array> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) inputs.push_back(batched_input(c, i));
  return make_op_outputs(*c.op, inputs, c.attrs);
}

std::vector<Array> one_by_one(const BatchContext& c) {
  std::vector<std::vector<Array>> parts(c.outputs.size());
  for (int64_t k = 0; k < c.size; ++k) {
    std::vector<Array> inputs(c.inputs.begin(), c.inputs.end());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (c.batched[i]) inputs[i] = squeeze(slice(inputs[i], {k}, {k + 1}), 0);
    }
    const auto outputs = make_op_outputs(*c.op, inputs, c.attrs);
    for (size_t i = 0; i < outputs.size(); ++i) parts[i].push_back(outputs[i]);
  }
  std::vector<Array> results;
  for (const std::vector<Array>& part : parts) results.push_back(stack(part));
  return results;
}

Shape batched_shape(const BatchContext& c, size_t output) {
  return c.outputs[output].shape.with_axis_inserted(0, c.size);
}

Array batched_input(const BatchContext& c, size_t i) {
  if (c.batched[i]) return c.inputs[i];
  return broadcast_to(c.inputs[i], c.inputs[i].shape().with_axis_inserted(0, c.size));
}

Array move_axis(const Array& x, int64_t from, int64_t to) {
  if (from == to) return x;
  std::vector<int64_t> axes(static_cast<size_t>(x.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  axes.erase(axes.begin() + from);
  axes.insert(axes.begin() + to, from);
  return transpose(x, axes);
}

Array merge_front(const Array& x) {
  std::vector<int64_t> dims = x.shape().to_vector();
  dims[1] *= dims[0];
  dims.erase(dims.begin());
  return reshape(x, Shape(dims));
}

Array split_front(const Array& x, int64_t size) {
  std::vector<int64_t> dims = x.shape().to_vector();
  dims[0] /= size;
  dims.insert(dims.begin(), size);
  return reshape(x, Shape(dims));
}

Array merge_into_axis(const Array& x, int64_t axis) {
  const Array moved = move_axis(x, 0, axis);
  std::vector<int64_t> dims = moved.shape().to_vector();
  const auto at = static_cast<size_t>(axis);
  dims[at + 1] *= dims[at];
  dims.erase(dims.begin() + axis);
  return reshape(moved, Shape(dims));
}

Array split_from_axis(const Array& x, int64_t axis, int64_t size) {
  std::vector<int64_t> dims = x.shape().to_vector();
  const auto at = static_cast<size_t>(axis);
  dims[at] /= size;
  dims.insert(dims.begin() + axis, size);
  return move_axis(reshape(x, Shape(dims)), axis, 0);
}

}  // namespace danlu::batching
