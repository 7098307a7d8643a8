#include "danlu/ops/indexing.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/sorting/sorting_record.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  sorting::require_order(c);
  sorting::checked_axis(c);
  return {c.inputs[0]};
}

/// The gradient goes back the way the elements came.
std::vector<Array> vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array()};
  const int64_t axis = c.attrs_as<AxisAttrs>().axis;
  const Array places = argsort(argsort(c.inputs[0], axis), axis);
  return {take_along_axis(c.output_grads[0], places, axis)};
}

}  // namespace

const OpDef& sort_op() {
  static const OpDef op{
      .name = "sort",
      .infer = infer,
      .vjp = vjp,
      .batch = sorting::batch,
      .flops = sorting::flops,
      .samples = sorting::samples,
      .doc = "The elements along an axis in ascending order, NaN last.",
  };
  return op;
}

Array sort(const Array& x, int64_t axis) {
  return make_op(sort_op(), {x}, make_attrs(AxisAttrs{normalize_axis(axis, x.rank(), "sort")}));
}

}  // namespace danlu
