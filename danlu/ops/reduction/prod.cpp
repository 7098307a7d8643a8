#include <algorithm>
#include <numeric>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/cumulative_attrs.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

/// The product of all others is that of those before and those behind: right for zeros too.
std::vector<Array> prod_vjp(const GradContext& c) {
  const Array& x = c.inputs[0];
  if (!is_floating(x.dtype()) || !c.output_grads[0].defined()) return {Array()};
  const auto& attrs = c.attrs_as<ReductionAttrs>();
  if (attrs.axes.empty()) return {c.output_grads[0]};
  // (kept…, reduced…) → (kept…, product of reduced)
  std::vector<int64_t> order, inverse(static_cast<size_t>(x.rank())), dims;
  int64_t reduced = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (std::binary_search(attrs.axes.begin(), attrs.axes.end(), i)) {
      reduced *= x.shape()[i];
    } else {
      order.push_back(i);
      dims.push_back(x.shape()[i]);
    }
  }
  const int64_t axis = static_cast<int64_t>(dims.size());
  dims.push_back(reduced);
  order.insert(order.end(), attrs.axes.begin(), attrs.axes.end());
  for (size_t i = 0; i < order.size(); ++i)
    inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  const Array ordered = transpose(x, order);
  const Array flat = reshape(ordered, Shape(dims));
  const auto others = [&](bool reverse) {
    return make_op(cumulative_op(), {flat},
                   make_attrs(CumulativeAttrs{CumulativeKind::prod, axis, reverse, true}));
  };
  const Array products = reshape(others(false) * others(true), ordered.shape());
  const Shape kept = reduction::kept_shape(x.shape(), attrs);
  return {transpose(products, inverse) * reshape(c.output_grads[0], kept)};
}

}  // namespace

const OpDef& prod_op() {
  static const OpDef op{
      .name = "prod",
      .infer =
          [](const InferContext& c) {
            reduction::require_real(c);
            return reduction::infer(c, reduction::sum_dtype(c.inputs[0].dtype));
          },
      .vjp = prod_vjp,
      .batch = reduction::batch,
      .flops = reduction::flops,
      .samples =
          [] {
            auto samples = reduction::samples();
            // A product of many numbers is too steep for finite differences.
            for (OpSample& sample : samples) {
              const Shape& shape = sample.inputs[0].shape;
              sample.low = 0.7, sample.high = 1.4, sample.tolerance = 4e-6;
              if (sample.inputs[0].dtype == DType::int32) sample.low = 1, sample.high = 4;
              sample.differentiable &= shape.num_elements() < 100;
            }
            samples.push_back({.label = "of nothing",
                               .inputs = {{Shape{0, 4}, DType::float32}},
                               .attrs = make_attrs(ReductionAttrs{{0}})});
            OpSample zeros{.label = "zeros",
                           .inputs = {{Shape{3, 4}, DType::float32}},
                           .attrs = make_attrs(ReductionAttrs{{1}})};
            zeros.fill = [](int, std::span<double> values) {
              for (size_t i = 0; i < values.size(); ++i) {
                values[i] =
                    i == 1 || i == 4 || i == 6 ? 0 : 0.5 + 0.25 * static_cast<double>(i % 5);
              }
            };
            samples.push_back(std::move(zeros));
            return samples;
          },
      .doc = "The product over axes; of nothing, 1. Integers and bool multiply as int32 or wider.",
  };
  return op;
}

Array prod(const Array& x, const Axes& axis, bool keepdims) {
  return make_op(prod_op(), {x}, reduction::reduction_attrs(x, axis, keepdims, "prod"));
}

}  // namespace danlu
