#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/cumulative_attrs.h"
#include "danlu/ops/reduction/scan_shift.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_recurrence(const InferContext& c) {
  const TensorSpec &a = c.inputs[0], &b = c.inputs[1];
  const int64_t axis = c.attrs_as<RecurrenceAttrs>().axis;
  if (a.shape != b.shape) {
    throw ShapeError({.where = c.where(),
                      .what = "Factors and terms have different shapes",
                      .expected = "one shape",
                      .received = a.shape.to_string() + " and " + b.shape.to_string()});
  }
  if (!is_floating(a.dtype) || a.dtype != b.dtype) {
    throw DTypeError({.where = c.where(),
                      .what = "The dtypes do not fit",
                      .expected = "one floating dtype",
                      .received = a.to_string() + " and " + b.to_string()});
  }
  if (normalize_axis(axis, a.shape.rank(), c.where()) != axis) {
    throw ShapeError({.where = c.where(),
                      .what = "The axis is not in normal form",
                      .expected = "an axis of 0 or more",
                      .received = std::to_string(axis)});
  }
  return {b};
}

/// λ_i = g_i + a_{i+1} λ_{i+1} runs the other way; ∂b = λ, ∂a_i = λ_i y_{i−1}.
std::vector<Array> recurrence_vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array(), Array()};
  const auto& attrs = c.attrs_as<RecurrenceAttrs>();
  const int64_t next = attrs.reverse ? 1 : -1;
  const Array factors = scan_shift(c.inputs[0], attrs.axis, next, 0);
  const Array terms = linear_recurrence(factors, c.output_grads[0], attrs.axis, !attrs.reverse);
  return {terms * scan_shift(c.outputs[0], attrs.axis, -next, 0), terms};
}

std::vector<OpSample> recurrence_samples() {
  const auto sample = [](std::string label, Shape shape, RecurrenceAttrs attrs) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, DType::float32}, {shape, DType::float32}},
                    .attrs = make_attrs(attrs),
                    .low = -1.2,
                    .high = 1.2,
                    .tolerance = 4e-6};
  };
  return {sample("vector", {17}, {0}),          sample("rows", {4, 9}, {1}),
          sample("columns", {7, 3}, {0, true}), sample("middle", {2, 5, 3}, {1}),
          sample("empty", {0, 3}, {0}),         sample("one", {1}, {0, true})};
}

}  // namespace

Array scan_shift(const Array& x, int64_t axis, int64_t by, double value) {
  const auto rank = static_cast<size_t>(x.rank());
  const auto at = static_cast<size_t>(axis);
  if (x.shape()[static_cast<int>(axis)] == 0) return x;
  std::vector<int64_t> start(rank, 0), stop = x.shape().to_vector();
  std::vector<std::array<int64_t, 2>> width(rank, {0, 0});
  if (by > 0) {
    --stop[at];
    width[at] = {1, 0};
  } else {
    start[at] = 1;
    width[at] = {0, 1};
  }
  return pad(slice(x, start, stop), width, value);
}

const OpDef& linear_recurrence_op() {
  static const OpDef op{
      .name = "linear_recurrence",
      .num_inputs = 2,
      .infer = infer_recurrence,
      .vjp = recurrence_vjp,
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        const auto& attrs = c.attrs_as<RecurrenceAttrs>();
        return {linear_recurrence(batching::batched_input(c, 0), batching::batched_input(c, 1),
                                  attrs.axis + 1, attrs.reverse)};
      },
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 2.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .samples = recurrence_samples,
      .doc = "y_i = a_i y_{i−1} + b_i along an axis, from either end, y being 0 before the first.",
  };
  return op;
}

Array linear_recurrence(const Array& a, const Array& b, int64_t axis, bool reverse) {
  const auto [factors, terms] = elementwise::promoted_float(a, b);
  const RecurrenceAttrs attrs{normalize_axis(axis, terms.rank(), "linear_recurrence"), reverse};
  return make_op(linear_recurrence_op(), {factors, terms}, make_attrs(attrs));
}

}  // namespace danlu
