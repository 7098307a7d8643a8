#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_pad(const InferContext& c) {
  const auto& attrs = c.attrs_as<PadAttrs>();
  const Shape& shape = c.inputs[0].shape;
  const auto rank = static_cast<size_t>(shape.rank());
  bool fits =
      attrs.before.size() == rank && attrs.after.size() == rank && attrs.interior.size() == rank;
  std::vector<int64_t> dims;
  for (size_t i = 0; fits && i < rank; ++i) {
    fits = attrs.before[i] >= 0 && attrs.after[i] >= 0 && attrs.interior[i] >= 0;
    const int64_t length = shape[static_cast<int>(i)];
    int64_t padded = 0;
    const bool overflows =
        __builtin_mul_overflow(std::max<int64_t>(0, length - 1), attrs.interior[i], &padded) ||
        __builtin_add_overflow(padded, length, &padded) ||
        __builtin_add_overflow(padded, attrs.before[i], &padded) ||
        __builtin_add_overflow(padded, attrs.after[i], &padded);
    dims.push_back(overflows ? INT64_MAX : padded);  // Shape refuses INT64_MAX
  }
  if (!fits) {
    throw ShapeError({.where = c.where(),
                      .what = "The padding does not fit the input",
                      .expected = "widths of 0 or more for each axis of " + shape.to_string(),
                      .received = c.attrs->to_string()});
  }
  return {{Shape(dims), c.inputs[0].dtype}};
}

std::vector<Array> pad_vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array()};
  const auto& attrs = c.attrs_as<PadAttrs>();
  SliceAttrs slice{attrs.before, c.inputs[0].shape().to_vector(), attrs.interior};
  for (int64_t& step : slice.step) ++step;
  return {make_op(slice_op(), {c.output_grads[0]}, make_attrs(std::move(slice)))};
}

std::vector<OpSample> pad_samples() {
  const auto sample = [](std::string label, Shape shape, PadAttrs attrs,
                         DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}},
                    .attrs = make_attrs(std::move(attrs)),
                    .differentiable = dtype == DType::float32};
  };
  return {sample("vector", {7}, {{2}, {3}, {0}}),
          sample("image", {2, 5, 6, 3}, {{0, 1, 2, 0}, {0, 1, 1, 0}, {0, 0, 0, 0}}),
          sample("value", {3, 4}, {{1, 0}, {0, 2}, {0, 0}, 1.5}),
          sample("interior", {4, 3}, {{1, 0}, {0, 2}, {2, 1}}),
          sample("nothing", {3, 4}, {{0, 0}, {0, 0}, {0, 0}}),
          sample("empty input", {0, 3}, {{2, 0}, {1, 0}, {3, 0}}),
          sample("int32", {3, 4}, {{1, 0}, {0, 2}, {0, 1}, -7}, DType::int32)};
}

}  // namespace

const OpDef& pad_op() {
  static const OpDef op{
      .name = "pad",
      .infer = infer_pad,
      .vjp = pad_vjp,
      .batch =
          [](const BatchContext& c) {
            PadAttrs attrs = c.attrs_as<PadAttrs>();
            for (auto* amounts : {&attrs.before, &attrs.after, &attrs.interior}) {
              amounts->insert(amounts->begin(), 0);
            }
            return batching::call(*c.op, {c.inputs[0]}, std::move(attrs));
          },
      .samples = pad_samples,
      .doc = "The input surrounded by, and with interior > 0 interspersed with, a constant.",
  };
  return op;
}

Array pad(const Array& x, const std::vector<std::array<int64_t, 2>>& pad_width, double value) {
  PadAttrs attrs{.value = value};
  for (const auto& [before, after] : pad_width) {
    attrs.before.push_back(before);
    attrs.after.push_back(after);
    attrs.interior.push_back(0);
  }
  return make_op(pad_op(), {x}, make_attrs(std::move(attrs)));
}

}  // namespace danlu
