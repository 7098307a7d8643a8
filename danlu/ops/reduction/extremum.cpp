#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_extremum(const InferContext& c) {
  reduction::require_real(c);
  return reduction::infer_nonempty(c, c.inputs[0].dtype);
}

/// Every element that attains the extremum gets an equal share.
std::vector<Array> extremum_vjp(const GradContext& c) {
  const Array& x = c.inputs[0];
  if (!is_floating(x.dtype()) || !c.output_grads[0].defined()) return {Array()};
  const auto& attrs = c.attrs_as<ReductionAttrs>();
  if (attrs.axes.empty()) return {c.output_grads[0]};
  const Shape kept = reduction::kept_shape(x.shape(), attrs);
  const Array winners = cast(x == reshape(c.outputs[0], kept), x.dtype());
  return {winners * (reshape(c.output_grads[0], kept) / sum(winners, attrs.axes, true))};
}

}  // namespace

const OpDef& max_op() {
  static const OpDef op{
      .name = "max",
      .fusion = FusionKind::reduction,
      .infer = infer_extremum,
      .vjp = extremum_vjp,
      .batch = reduction::batch,
      .flops = reduction::flops,
      .samples = reduction::samples,
      .doc = "The greatest element over axes; NaN wins. Equal ones share the gradient.",
  };
  return op;
}

const OpDef& min_op() {
  static const OpDef op{
      .name = "min",
      .fusion = FusionKind::reduction,
      .infer = infer_extremum,
      .vjp = extremum_vjp,
      .batch = reduction::batch,
      .flops = reduction::flops,
      .samples = reduction::samples,
      .doc = "The least element over axes; NaN wins. Equal ones share the gradient.",
  };
  return op;
}

Array max(const Array& x, const Axes& axis, bool keepdims) {
  return make_op(max_op(), {x}, reduction::reduction_attrs(x, axis, keepdims, "max"));
}

Array min(const Array& x, const Axes& axis, bool keepdims) {
  return make_op(min_op(), {x}, reduction::reduction_attrs(x, axis, keepdims, "min"));
}

}  // namespace danlu
