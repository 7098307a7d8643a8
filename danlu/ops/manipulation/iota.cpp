#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_iota(const InferContext& c) {
  const auto& attrs = c.attrs_as<IotaAttrs>();
  if (attrs.dtype == DType::bool_ || is_complex(attrs.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The op is not defined for " + std::string(name(attrs.dtype)),
                      .expected = "a floating or integer dtype",
                      .received = std::string(name(attrs.dtype))});
  }
  if (attrs.size < 0) {
    throw ShapeError({.where = c.where(),
                      .what = "The number of elements is negative",
                      .expected = "0 or more",
                      .received = std::to_string(attrs.size)});
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

Array internal::arange_whole(int64_t start, int64_t stop, int64_t step, DType dtype) {
  if (step == 0) {
    throw ValueError({.where = "arange",
                      .what = "The step is 0",
                      .expected = "a step other than 0",
                      .received = "0"});
  }
  // Without a sign, the distance of any two numbers fits.
  const auto from = static_cast<uint64_t>(step > 0 ? start : stop);
  const auto to = static_cast<uint64_t>(step > 0 ? stop : start);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const bool empty = step > 0 ? start >= stop : start <= stop;
  const uint64_t size = empty ? 0 : (to - from - 1) / stride + 1;
  const auto count = static_cast<int64_t>(std::min<uint64_t>(size, INT64_MAX));
  return make_op(iota_op(), {}, make_attrs(IotaAttrs{start, count, step, dtype}));
}

}  // namespace danlu
