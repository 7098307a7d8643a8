#include "danlu/ops/elementwise/cast_attrs.h"

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<OpSample> cast_samples() {
  const auto sample = [](DType from, DType to) {
    OpSample s{.label = std::string(name(from)) + " to " + std::string(name(to)),
               .inputs = {{Shape{5, 23}, from}},
               .attrs = make_attrs(CastAttrs{to}),
               .low = is_floating(from) ? -300.0 : 0.0,
               .high = 300,
               // Rounding to bfloat16 hides the steps of finite differences.
               .differentiable = from == DType::float32 && to == DType::float64};
    if (from == DType::bfloat16 || to == DType::bfloat16) s.tolerance = 8e-3;
    return s;
  };
  std::vector<OpSample> samples;
  for (const DType from :
       {DType::float32, DType::bfloat16, DType::int32, DType::int64, DType::uint8, DType::bool_}) {
    for (const DType to : {DType::float32, DType::float64, DType::bfloat16, DType::int32,
                           DType::int64, DType::uint8, DType::bool_}) {
      if (from != to) samples.push_back(sample(from, to));
    }
  }
  return samples;
}

}  // namespace

const OpDef& cast_op() {
  static const OpDef op{
      .name = "cast",
      .fusion = FusionKind::elementwise,
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        return {{c.inputs[0].shape, c.attrs_as<CastAttrs>().dtype}};
      },
      // The gradient goes back in the input's dtype, which a mere factor could not say.
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        const DType from = c.inputs[0].dtype();
        const bool smooth = is_floating(from) && is_floating(c.outputs[0].dtype());
        if (!smooth || !c.output_grads[0].defined()) return {Array()};
        return {cast(c.output_grads[0], from)};
      },
      .samples = cast_samples,
      .doc =
          "Elements converted to another dtype. Floating to integer truncates, saturates and "
          "makes NaN 0; to bool it is x ≠ 0. Gradients pass between floating dtypes.",
  };
  return op;
}

Array cast(const Array& x, DType dtype) {
  const internal::Node& node = *x.node();
  // Nothing can hold on to a bare number for a gradient.
  const bool bare_number = x.is_weak() && node.op == nullptr && !node.traced && !node.keep_inputs;
  if (bare_number) return Array::scalar(node.number, dtype);
  if (x.dtype() == dtype) return x;
  return make_op(cast_op(), {x}, make_attrs(CastAttrs{dtype}));
}

Array saturate_cast(const Array& x, DType dtype) {
  const auto [low, high] = elementwise::range_of(dtype);
  const DType from = x.dtype();
  // Conversion of floating to whole numbers saturates by itself.
  if (from == DType::bool_ || dtype == DType::bool_ || is_floating(from) > is_floating(dtype)) {
    return cast(x, dtype);
  }
  return cast(clip(x, Array::scalar(low, from), Array::scalar(high, from)), dtype);
}

}  // namespace danlu
