#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/registry.h"

namespace danlu {

const OpDef& sum_op() {
  static const OpDef op{
      .name = "sum",
      .fusion = FusionKind::reduction,
      .infer =
          [](const InferContext& c) {
            const DType dtype = c.inputs[0].dtype;
            return reduction::infer(c, reduction::sum_dtype(dtype));
          },
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        const Array& x = c.inputs[0];
        if (!is_inexact(x.dtype()) || !c.output_grads[0].defined()) return {Array()};
        const Shape kept = reduction::kept_shape(x.shape(), c.attrs_as<ReductionAttrs>());
        return {broadcast_to(reshape(c.output_grads[0], kept), x.shape())};
      },
      .batch = reduction::batch,
      .flops = reduction::flops,
      .samples =
          [] {
            auto samples = reduction::samples();
            samples.push_back({.label = "empty sum",
                               .inputs = {{Shape{0, 4}, DType::float32}},
                               .attrs = make_attrs(ReductionAttrs{{0}})});
            samples.push_back({.label = "complex64",
                               .inputs = {{Shape{6, 10}, DType::complex64}},
                               .attrs = make_attrs(ReductionAttrs{{1}})});
            return samples;
          },
      .doc = "The sum over axes; of nothing, 0. bool and narrow integers sum as int32 or uint32.",
  };
  return op;
}

Array sum(const Array& x, const Axes& axis, bool keepdims) {
  return make_op(sum_op(), {x}, reduction::reduction_attrs(x, axis, keepdims, "sum"));
}

Array mean(const Array& x, const Axes& axis, bool keepdims) {
  const Array values = elementwise::as_float(x);
  const AttrsPtr attrs = reduction::reduction_attrs(values, axis, keepdims, "mean");
  const Array total = make_op(sum_op(), {values}, attrs);
  double count = 1;
  for (int64_t a : attrs_as<ReductionAttrs>(attrs).axes) {
    count *= static_cast<double>(x.shape()[static_cast<int>(a)]);
  }
  return total / Array::scalar(count, total.dtype());
}

Array sum_to_shape(const Array& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int extra = x.rank() - shape.rank();
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < extra || (shape[i - extra] == 1 && x.shape()[i] != 1)) axes.push_back(i);
  }
  if (extra < 0 || broadcast_shapes(x.shape(), shape, "sum_to_shape") != x.shape()) {
    throw ShapeError({.where = "sum_to_shape",
                      .what = "The shape does not broadcast to the input's",
                      .expected = "a shape that broadcasts to " + x.shape().to_string(),
                      .received = shape.to_string()});
  }
  // An empty list of axes would mean all of them.
  return reshape(axes.empty() ? x : sum(x, axes), shape);
}

}  // namespace danlu
