#include "danlu/ops/elementwise/cast_attrs.h"

#include <limits>

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
               .low = is_inexact(from) ? -300.0 : 0.0,
               .high = size_of(from) == 1 ? 127.0 : 300.0,
               // Rounding to bfloat16 hides the steps of finite differences.
               .differentiable = from == DType::float32 && to == DType::float64};
    if (from == DType::bfloat16 || to == DType::bfloat16) s.tolerance = 8e-3;
    if (from == DType::float16 || to == DType::float16) s.tolerance = 1e-3;
    return s;
  };
  std::vector<OpSample> samples;
  for (int i = 0; i < kNumDTypes; ++i) {
    for (int j = 0; j < kNumDTypes; ++j) {
      const auto from = static_cast<DType>(i), to = static_cast<DType>(j);
      if (from != to && from != DType::float64) samples.push_back(sample(from, to));
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
        const bool smooth = is_inexact(from) && is_inexact(c.outputs[0].dtype());
        if (!smooth || !c.output_grads[0].defined()) return {Array()};
        return {cast(c.output_grads[0], from)};
      },
      .samples = cast_samples,
      .doc =
          "Elements converted to another dtype. Floating to integer truncates, saturates and "
          "makes NaN 0; integer to integer keeps the low bits; complex to real drops the imaginary "
          "part; to bool it is x ≠ 0. Gradients pass between floating and complex dtypes.",
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
  const DType from = x.dtype();
  // Conversion of floating to whole numbers saturates by itself, and everything fits complex ones.
  if (from == DType::bool_ || dtype == DType::bool_ || is_complex(dtype) ||
      is_floating(from) > is_floating(dtype)) {
    return cast(x, dtype);
  }
  if (is_floating(dtype)) {
    const auto [low, high] = elementwise::range_of(dtype);
    return cast(clip(x, Array::scalar(low, from), Array::scalar(high, from)), dtype);
  }
  return dispatch_integer(dtype, [&](auto tag) {
    using Limits = std::numeric_limits<decltype(tag)>;
    return cast(clip(x, Array::scalar(Limits::min(), from), Array::scalar(Limits::max(), from)),
                dtype);
  });
}

}  // namespace danlu
