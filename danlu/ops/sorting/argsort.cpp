#include "danlu/base/error.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/sorting/sorting_record.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  sorting::require_order(c);
  sorting::require_int32_length(c, c.inputs[0].shape[sorting::checked_axis(c)]);
  return {{c.inputs[0].shape, DType::int32}};
}

std::vector<OpSample> samples() {
  auto list = sorting::samples();
  for (OpSample& sample : list) sample.differentiable = false;
  return list;
}

}  // namespace

const OpDef& argsort_op() {
  static const OpDef op{
      .name = "argsort",
      .infer = infer,
      .vjp = [](const GradContext&) -> std::vector<Array> { return {Array()}; },
      .batch = sorting::batch,
      .flops = sorting::flops,
      .samples = samples,
      .doc = "The indices that sort the elements along an axis; equal ones keep their order.",
  };
  return op;
}

Array argsort(const Array& x, int64_t axis) {
  return make_op(argsort_op(), {x},
                 make_attrs(AxisAttrs{normalize_axis(axis, x.rank(), "argsort")}));
}

Array argpartition(const Array& x, int64_t kth, int64_t axis) {
  const int64_t n = x.shape()[normalize_axis(axis, x.rank(), "argpartition")];
  if (kth < -n || kth >= n) {
    throw ValueError({.where = "argpartition",
                      .what = "kth is out of range",
                      .expected = "an index of an axis of " + std::to_string(n) + " elements",
                      .received = std::to_string(kth)});
  }
  return argsort(x, axis);
}

}  // namespace danlu
