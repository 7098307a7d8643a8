#include <numeric>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/nn/softmax_record.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace normalizing {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  if (!is_floating(x.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "Probabilities need a floating dtype",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = x.to_string()});
  }
  if (x.shape.rank() == 0 || (x.shape[-1] == 0 && x.shape.num_elements() == 0)) {
    throw ShapeError({.where = c.where(),
                      .what = "There are no classes to normalize over",
                      .expected = "a last axis of length 1 or more",
                      .received = x.to_string()});
  }
  return {x};
}

std::vector<OpSample> samples() {
  auto sample = [](std::string label, Shape shape, double low, double high) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, DType::float32}},
                    .low = low,
                    .high = high,
                    .tolerance = 2e-6};
  };
  return {sample("ten classes", {8, 10}, -3, 3),  sample("one class", {4, 1}, -3, 3),
          sample("vector", {33}, -5, 5),          sample("rank 3", {2, 3, 17}, -2, 2),
          sample("large logits", {5, 7}, 80, 95), sample("no rows", {0, 4}, -1, 1)};
}

Array over_axis(const OpDef& op, const Array& x, int64_t axis) {
  const Array input = elementwise::as_float(x);
  const int rank = input.rank();
  if (rank == 0) return make_op(op, {input});  // infer tells
  const int at = normalize_axis(axis, rank, std::string(op.name));
  if (at == rank - 1) return make_op(op, {input});
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[static_cast<size_t>(at)], axes.back());
  return transpose(make_op(op, {transpose(input, axes)}), axes);
}

Array over_axes(const OpDef& op, const Array& x, const std::vector<int64_t>& axis) {
  std::vector<int64_t> last;
  int64_t joined = 1;
  for (int64_t a : axis) joined *= x.shape()[normalize_axis(a, x.rank(), std::string(op.name))];
  for (size_t i = 0; i < axis.size(); ++i) {
    last.push_back(static_cast<int64_t>(i) - static_cast<int64_t>(axis.size()));
  }
  const Array moved = moveaxis(x, axis, last);
  std::vector<int64_t> dims(moved.shape().begin(), moved.shape().end() - std::ssize(axis));
  dims.push_back(joined);
  const Array result = over_axis(op, reshape(moved, Shape(dims)), -1);
  return moveaxis(reshape(result, moved.shape()), last, axis);
}

}  // namespace normalizing

const OpDef& softmax_op() {
  static const OpDef op{
      .name = "softmax",
      .infer = normalizing::infer,
      .vjp =
          [](const GradContext& c) {
            const Array& y = c.outputs[0];
            const Array weighted = c.output_grads[0] * y;
            return std::vector<Array>{weighted - y * sum(weighted, {-1}, true)};
          },
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 20.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .samples = normalizing::samples,
      .doc = "exp(x) / Σ exp(x) over the last axis, without overflow.",
  };
  return op;
}

Array softmax(const Array& x, int64_t axis) {
  return normalizing::over_axis(softmax_op(), x, axis);
}

Array softmax(const Array& x, const Axes& axis) {
  return normalizing::over_axes(softmax_op(), x, axis);
}

}  // namespace danlu
