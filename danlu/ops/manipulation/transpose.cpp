#include <iterator>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::string axes_text(const std::vector<int64_t>& axes) {
  std::string text = "[";
  for (int64_t axis : axes) text += (text.size() > 1 ? ", " : "") + std::to_string(axis);
  return text + "]";
}

std::vector<TensorSpec> infer_transpose(const InferContext& c) {
  const auto& axes = c.attrs_as<TransposeAttrs>().axes;
  const Shape& shape = c.inputs[0].shape;
  std::vector<bool> seen(static_cast<size_t>(shape.rank()), false);
  std::vector<int64_t> dims;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= shape.rank() || seen[static_cast<size_t>(axis)]) break;
    seen[static_cast<size_t>(axis)] = true;
    dims.push_back(shape[static_cast<int>(axis)]);
  }
  if (dims.size() != seen.size() || axes.size() != seen.size()) {
    throw ShapeError({.where = c.where(),
                      .what = "The axes are no permutation",
                      .expected = "each axis of " + shape.to_string() + " once",
                      .received = axes_text(axes)});
  }
  return {{Shape(dims), c.inputs[0].dtype}};
}

std::vector<OpSample> transpose_samples() {
  const auto sample = [](std::string label, Shape shape, std::vector<int64_t> axes,
                         DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}},
                    .attrs = make_attrs(TransposeAttrs{std::move(axes)}),
                    .differentiable = dtype == DType::float32};
  };
  return {sample("matrix", {37, 19}, {1, 0}),
          sample("large matrix", {70, 67}, {1, 0}),
          sample("batched matrix", {3, 7, 5}, {0, 2, 1}),
          sample("rotation", {3, 4, 5}, {2, 0, 1}),
          sample("channels first", {2, 5, 6, 3}, {0, 3, 1, 2}),
          sample("identity", {3, 4}, {0, 1}),
          sample("scalar", {}, {}),
          sample("empty", {0, 4}, {1, 0}),
          sample("uint8", {5, 6}, {1, 0}, DType::uint8),
          sample("int64", {5, 6}, {1, 0}, DType::int64),
          sample("bfloat16", {5, 6}, {1, 0}, DType::bfloat16)};
}

}  // namespace

const OpDef& transpose_op() {
  static const OpDef op{
      .name = "transpose",
      .infer = infer_transpose,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        const auto& axes = c.attrs_as<TransposeAttrs>().axes;
        std::vector<int64_t> inverse(axes.size());
        for (size_t i = 0; i < axes.size(); ++i) {
          inverse[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
        }
        return {transpose(c.output_grads[0], inverse)};
      },
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        std::vector<int64_t> axes = {0};
        for (int64_t axis : c.attrs_as<TransposeAttrs>().axes) axes.push_back(axis + 1);
        return {transpose(c.inputs[0], axes)};
      },
      .samples = transpose_samples,
      .doc = "The axes permuted: output axis i is input axis axes[i].",
  };
  return op;
}

Array transpose(const Array& x, const std::vector<int64_t>& axes) {
  if (!axes.empty() && std::ssize(axes) != x.rank()) {
    throw ShapeError({.where = "transpose",
                      .what = "The axes are no permutation",
                      .expected = "each of the " + std::to_string(x.rank()) + " axes of " +
                                  x.shape().to_string() + " once",
                      .received = std::to_string(axes.size()) + ": " + axes_text(axes)});
  }
  TransposeAttrs attrs;
  for (int64_t axis : axes) attrs.axes.push_back(normalize_axis(axis, x.rank(), "transpose"));
  if (axes.empty()) {
    attrs.axes.resize(static_cast<size_t>(x.rank()));
    std::iota(attrs.axes.rbegin(), attrs.axes.rend(), 0);
  }
  return make_op(transpose_op(), {x}, make_attrs(std::move(attrs)));
}

}  // namespace danlu
