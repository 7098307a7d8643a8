#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_index(const InferContext& c) {
  if (c.attrs_as<ReductionAttrs>().axes.size() != 1) {
    throw ShapeError({.where = c.where(),
                      .what = "The op works along one axis",
                      .expected = "one axis",
                      .received = c.attrs->to_string()});
  }
  reduction::require_real(c);
  return reduction::infer_nonempty(c, DType::int64);
}

std::vector<OpSample> index_samples() {
  std::vector<OpSample> samples;
  for (OpSample& sample : reduction::samples()) {
    if (attrs_as<ReductionAttrs>(sample.attrs).axes.size() == 1) samples.push_back(sample);
  }
  OpSample ties{.label = "ties",
                .inputs = {{Shape{4, 40}, DType::float32}},
                .attrs = make_attrs(ReductionAttrs{{1}})};
  ties.fill = [](int, std::span<double> values) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 7 % 5);
  };
  samples.push_back(std::move(ties));
  for (OpSample& sample : samples) sample.differentiable = false;
  return samples;
}

Array index_along(const OpDef& op, const Array& x, std::optional<int64_t> axis, bool keepdims) {
  const std::string where(op.name);
  if (axis || x.rank() == 1) {
    const AttrsPtr attrs = reduction::reduction_attrs(x, {axis.value_or(0)}, keepdims, where);
    return cast(make_op(op, {x}, attrs), DType::int32);
  }
  const Array flat = reshape(x, Shape{x.size()});
  const AttrsPtr attrs = reduction::reduction_attrs(flat, {0}, false, where);
  const Array index = cast(make_op(op, {flat}, attrs), DType::int32);
  if (!keepdims) return index;
  return reshape(index, std::vector<int64_t>(static_cast<size_t>(x.rank()), 1));
}

}  // namespace

const OpDef& argmax_op() {
  static const OpDef op{
      .name = "argmax",
      .infer = infer_index,
      .vjp = [](const GradContext&) -> std::vector<Array> { return {Array()}; },
      .batch = reduction::batch,
      .flops = reduction::flops,
      .samples = index_samples,
      .doc = "Index of the first greatest element along an axis; NaN counts as the greatest.",
  };
  return op;
}

const OpDef& argmin_op() {
  static const OpDef op{
      .name = "argmin",
      .infer = infer_index,
      .vjp = [](const GradContext&) -> std::vector<Array> { return {Array()}; },
      .batch = reduction::batch,
      .flops = reduction::flops,
      .samples = index_samples,
      .doc = "Index of the first least element along an axis; NaN counts as the least.",
  };
  return op;
}

Array argmax(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  return index_along(argmax_op(), x, axis, keepdims);
}

Array argmin(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  return index_along(argmin_op(), x, axis, keepdims);
}

}  // namespace danlu
