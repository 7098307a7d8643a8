#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/manipulation/unslice.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_slice(const InferContext& c) {
  const auto& [start, size, step] = c.attrs_as<SliceAttrs>();
  const Shape& shape = c.inputs[0].shape;
  const auto rank = static_cast<size_t>(shape.rank());
  bool fits = start.size() == rank && size.size() == rank && step.size() == rank;
  for (size_t i = 0; fits && i < rank; ++i) {
    const int64_t length = shape[static_cast<int>(i)];
    fits = size[i] >= 0 && step[i] != 0;
    if (!fits || size[i] == 0) continue;
    int64_t last = 0;
    fits = start[i] >= 0 && start[i] < length &&
           !__builtin_mul_overflow(size[i] - 1, step[i], &last) &&
           !__builtin_add_overflow(last, start[i], &last) && last >= 0 && last < length;
  }
  if (!fits) {
    throw ShapeError({.where = c.where(),
                      .what = "The slice leaves the input",
                      .expected = "start, size and step for each axis, inside " + shape.to_string(),
                      .received = c.attrs->to_string()});
  }
  return {{Shape(size), c.inputs[0].dtype}};
}

std::vector<OpSample> slice_samples() {
  const auto sample = [](std::string label, Shape shape, SliceAttrs attrs,
                         DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}},
                    .attrs = make_attrs(std::move(attrs)),
                    .differentiable = dtype == DType::float32};
  };
  return {sample("vector", {20}, {{3}, {11}, {1}}),
          sample("rows", {9, 7}, {{2, 0}, {5, 7}, {1, 1}}),
          sample("columns", {9, 7}, {{0, 2}, {9, 3}, {1, 1}}),
          sample("steps", {10, 11}, {{1, 2}, {3, 4}, {3, 2}}),
          sample("reversed", {6, 5}, {{5, 0}, {6, 5}, {-1, 1}}),
          sample("steps back", {10, 4}, {{8, 3}, {3, 2}, {-3, -2}}),
          sample("cube", {3, 4, 5}, {{1, 1, 1}, {2, 2, 3}, {1, 1, 1}}),
          sample("nothing", {5, 3}, {{0, 0}, {0, 3}, {1, 1}}),
          sample("one with a step", {5}, {{4}, {1}, {7}}),
          sample("uint8", {9, 7}, {{1, 2}, {4, 3}, {2, 1}}, DType::uint8)};
}

}  // namespace

const OpDef& slice_op() {
  static const OpDef op{
      .name = "slice",
      .infer = infer_slice,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        return {unslice(c.output_grads[0], c.attrs_as<SliceAttrs>(), c.inputs[0].shape(), 0)};
      },
      .batch =
          [](const BatchContext& c) {
            SliceAttrs attrs = c.attrs_as<SliceAttrs>();
            attrs.start.insert(attrs.start.begin(), 0);
            attrs.size.insert(attrs.size.begin(), c.size);
            attrs.step.insert(attrs.step.begin(), 1);
            return batching::call(*c.op, {c.inputs[0]}, std::move(attrs));
          },
      .samples = slice_samples,
      .doc = "Elements start, start + step, … of each axis.",
  };
  return op;
}

Array unslice(Array part, const SliceAttrs& slice, const Shape& shape, double value) {
  const auto& [start, size, step] = slice;
  SliceAttrs flip{std::vector<int64_t>(size.size(), 0), size, std::vector<int64_t>(size.size(), 1)};
  PadAttrs pads{.value = value};
  bool flips = false;
  for (size_t i = 0; i < size.size(); ++i) {
    const int64_t length = shape[static_cast<int>(i)];
    int64_t first = size[i] == 0 ? 0 : start[i];
    if (step[i] < 0 && size[i] > 1) {
      flips = true;
      flip.start[i] = size[i] - 1;
      flip.step[i] = -1;
      first = start[i] + (size[i] - 1) * step[i];
    }
    // The step of at most one element means nothing.
    const int64_t stride = size[i] > 1 ? std::abs(step[i]) : 1;
    pads.before.push_back(first);
    pads.interior.push_back(stride - 1);
    pads.after.push_back(size[i] == 0 ? length : length - first - (size[i] - 1) * stride - 1);
  }
  if (flips) part = make_op(slice_op(), {part}, make_attrs(std::move(flip)));
  return make_op(pad_op(), {part}, make_attrs(std::move(pads)));
}

Array slice(const Array& x, const std::vector<int64_t>& start, const std::vector<int64_t>& stop,
            const std::vector<int64_t>& step) {
  const auto given = start.size();
  if (given > static_cast<size_t>(x.rank()) || stop.size() != given ||
      (!step.empty() && step.size() != given)) {
    throw ShapeError(
        {.where = "slice",
         .what = "start, stop and step have the wrong lengths",
         .expected = "one entry for each of the first axes of " + x.shape().to_string(),
         .received = std::to_string(given) + ", " + std::to_string(stop.size()) + " and " +
                     std::to_string(step.size()) + " entries"});
  }
  SliceAttrs attrs;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t length = x.shape()[i];
    const bool named = static_cast<size_t>(i) < given;
    // A longer step than the axis takes one element, whatever its length.
    const int64_t by = named && !step.empty()
                           ? std::clamp(step[static_cast<size_t>(i)], -length - 1, length + 1)
                           : 1;
    if (by == 0) {
      throw ValueError({.where = "slice",
                        .what = "The step is 0",
                        .expected = "a step other than 0",
                        .received = "0 for axis " + std::to_string(i)});
    }
    // As Python reads them: out of range is cut off, never an error.
    const auto bounded = [&](int64_t at) {
      if (at < 0) at += length;
      return by > 0 ? std::clamp<int64_t>(at, 0, length) : std::clamp<int64_t>(at, -1, length - 1);
    };
    const int64_t first = named ? bounded(start[static_cast<size_t>(i)]) : 0;
    const int64_t end = named ? bounded(stop[static_cast<size_t>(i)]) : length;
    const int64_t distance = by > 0 ? end - first : first - end;
    const int64_t stride = std::abs(by);
    const int64_t size = distance > 0 ? (distance + stride - 1) / stride : 0;
    attrs.start.push_back(size == 0 ? 0 : first);
    attrs.size.push_back(size);
    attrs.step.push_back(by);
  }
  if (Shape(attrs.size) == x.shape() &&
      std::all_of(attrs.step.begin(), attrs.step.end(), [](int64_t s) { return s == 1; })) {
    return x;
  }
  return make_op(slice_op(), {x}, make_attrs(std::move(attrs)));
}

}  // namespace danlu
