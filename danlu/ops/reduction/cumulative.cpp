#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/enumerator.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/cumulative_attrs.h"
#include "danlu/ops/reduction/scan_shift.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

Array cumulative(const Array& x, const CumulativeAttrs& attrs) {
  return make_op(cumulative_op(), {x}, make_attrs(attrs));
}

std::vector<TensorSpec> infer_cumulative(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  const auto& attrs = c.attrs_as<CumulativeAttrs>();
  if (normalize_axis(attrs.axis, x.shape.rank(), c.where()) != attrs.axis) {
    throw ShapeError({.where = c.where(),
                      .what = "The axis is not in normal form",
                      .expected = "an axis of 0 or more",
                      .received = std::to_string(attrs.axis)});
  }
  require_enumerator(c, "kind of running total", attrs.kind, CumulativeKind::logsumexp);
  const bool logarithmic = attrs.kind == CumulativeKind::logsumexp;
  if (logarithmic && attrs.exclusive) {
    throw ValueError({.where = c.where(),
                      .what = "log Σ exp includes its own element",
                      .expected = "exclusive only for sums and products",
                      .received = c.attrs->to_string()});
  }
  if (x.dtype == DType::bool_ || is_complex(x.dtype) || (logarithmic && !is_floating(x.dtype))) {
    throw DTypeError({.where = c.where(),
                      .what = "The op is not defined for this dtype",
                      .expected = logarithmic ? "a floating dtype" : "a floating or integer dtype",
                      .received = x.to_string()});
  }
  return {x};
}

/// With s_i = g_i + x_{i+1} s_{i+1}, the gradient of cumprod at i is (Π_{k<i} x_k) s_i: right for
/// zeros among the x too, and the same recurrence in logarithms for logsumexp.
std::vector<Array> cumulative_vjp(const GradContext& c) {
  const Array &x = c.inputs[0], &y = c.outputs[0];
  if (!is_floating(x.dtype()) || !c.output_grads[0].defined()) return {Array()};
  const auto& attrs = c.attrs_as<CumulativeAttrs>();
  Array g = c.output_grads[0];
  CumulativeAttrs back = attrs;
  back.reverse = !attrs.reverse;
  if (attrs.kind == CumulativeKind::sum) return {cumulative(g, back)};
  const RecurrenceAttrs recurrence{attrs.axis, back.reverse};
  const int64_t next = attrs.reverse ? 1 : -1;  // direction in which values were handed on
  if (attrs.kind == CumulativeKind::prod) {
    // Without itself, out_i hangs on x_k, k < i: as if the gradients had come one place earlier.
    if (attrs.exclusive) g = scan_shift(g, attrs.axis, next, 0);
    CumulativeAttrs before = attrs;
    before.exclusive = true;
    const Array factors = scan_shift(x, attrs.axis, next, 0);
    return {cumulative(x, before) *
            linear_recurrence(factors, g, recurrence.axis, recurrence.reverse)};
  }
  const Array following = scan_shift(y, attrs.axis, next, 0);
  const Array decay = exp(minimum(y - following, 0));
  return {exp(x - y) * linear_recurrence(decay, g, recurrence.axis, recurrence.reverse)};
}

std::vector<OpSample> cumulative_samples() {
  std::vector<OpSample> samples;
  const auto add = [&](std::string label, Shape shape, CumulativeAttrs attrs,
                       DType dtype = DType::float32) {
    samples.push_back({.label = std::move(label),
                       .inputs = {{shape, dtype}},
                       .attrs = make_attrs(attrs),
                       .tolerance = 4e-6,
                       .differentiable = dtype == DType::float32});
  };
  using enum CumulativeKind;
  add("sum of a vector", {37}, {sum, 0});
  add("sum down columns", {9, 5}, {sum, 0});
  add("sum of rows, from the end", {4, 11}, {sum, 1, true});
  add("sum in the middle, without itself", {3, 6, 4}, {sum, 1, false, true});
  add("sum from the end, without itself", {7}, {sum, 0, true, true});
  add("product", {3, 7}, {prod, 1});
  add("product from the end", {6, 2}, {prod, 0, true});
  add("product without itself", {5, 3}, {prod, 0, false, true});
  add("product from the end, without itself", {6}, {prod, 0, true, true});
  add("logsumexp", {4, 9}, {logsumexp, 1});
  add("logsumexp from the end", {5, 2}, {logsumexp, 0, true});
  add("one element", {1, 3}, {sum, 0});
  add("empty", {0, 3}, {sum, 0});
  add("no rows", {0, 3}, {prod, 1});
  add("int32 sum", {3, 6}, {sum, 1}, DType::int32);
  add("int64 product", {3, 6}, {prod, 1}, DType::int64);
  return samples;
}

CumulativeAttrs shifted(CumulativeAttrs attrs) {
  ++attrs.axis;
  return attrs;
}

}  // namespace

const OpDef& cumulative_op() {
  static const OpDef op{
      .name = "cumulative",
      .infer = infer_cumulative,
      .vjp = cumulative_vjp,
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        return {cumulative(c.inputs[0], shifted(c.attrs_as<CumulativeAttrs>()))};
      },
      .samples = cumulative_samples,
      .doc = "Running sum, product or log Σ exp along an axis, from either end.",
  };
  return op;
}

namespace {

Array running(CumulativeKind kind, const Array& x, std::optional<int64_t> axis, const char* where) {
  const Array values = x.dtype() == DType::bool_ ? cast(x, DType::int32) : x;
  if (!axis) return cumulative(reshape(values, Shape{x.size()}), {kind, 0});
  return cumulative(values, {kind, normalize_axis(*axis, x.rank(), where)});
}

}  // namespace

Array cumsum(const Array& x, std::optional<int64_t> axis) {
  return running(CumulativeKind::sum, x, axis, "cumsum");
}

Array cumprod(const Array& x, std::optional<int64_t> axis) {
  return running(CumulativeKind::prod, x, axis, "cumprod");
}

Array logcumsumexp(const Array& x, std::optional<int64_t> axis) {
  return running(CumulativeKind::logsumexp, elementwise::as_float(x), axis, "logcumsumexp");
}

}  // namespace danlu
