#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_iota(const InferContext& c) {
  const auto& attrs = c.attrs_as<IotaAttrs>();
  if (attrs.dtype == DType::bool_) {
    throw DTypeError({.where = c.where(),
                      .what = "The op is not defined for bool",
                      .expected = "a floating or integer dtype",
                      .received = "bool"});
  }
  return {{Shape{attrs.size}, attrs.dtype}};
}

std::vector<OpSample> iota_samples() {
  const auto sample = [](std::string label, IotaAttrs attrs) {
    return OpSample{.label = std::move(label), .attrs = make_attrs(attrs), .differentiable = false};
  };
  return {sample("int64", {3, 17, 1, DType::int64}), sample("falling", {9, 5, -2, DType::int32}),
          sample("float32", {0, 7, 1, DType::float32}), sample("empty", {0, 0, 1, DType::int64})};
}

}  // namespace

const OpDef& iota_op() {
  static const OpDef op{
      .name = "iota",
      .num_inputs = 0,
      .infer = infer_iota,
      .vjp = [](const GradContext&) -> std::vector<Array> { return {}; },
      .samples = iota_samples,
      .doc = "start, start + step, …",
  };
  return op;
}

Array arange(int64_t start, int64_t stop, int64_t step, DType dtype) {
  if (step == 0) {
    throw ValueError({.where = "arange",
                      .what = "The step is 0",
                      .expected = "a step other than 0",
                      .received = "0"});
  }
  const int64_t distance = step > 0 ? stop - start : start - stop;
  const int64_t stride = step > 0 ? step : -step;
  const int64_t size = distance > 0 ? (distance + stride - 1) / stride : 0;
  return make_op(iota_op(), {}, make_attrs(IotaAttrs{start, size, step, dtype}));
}

}  // namespace danlu
