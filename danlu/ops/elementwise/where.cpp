#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_where(const InferContext& context) {
  if (context.inputs[0].dtype != DType::bool_) {
    throw DTypeError({.where = context.where(),
                      .what = "The condition is not bool",
                      .expected = "a bool Array",
                      .received = context.inputs[0].to_string(),
                      .hint = "compare it, e.g. condition != 0"});
  }
  InferContext values = context;
  values.inputs = context.inputs.subspan(1);
  const TensorSpec chosen = elementwise::broadcast_same_dtype(values)[0];
  return {{broadcast_shapes(context.inputs[0].shape, chosen.shape, context.where()), chosen.dtype}};
}

std::vector<OpSample> where_samples() {
  const auto sample = [](std::string label, Shape condition, Shape a, Shape b) {
    OpSample s{.label = std::move(label)};
    s.inputs = {{condition, DType::bool_}, {a, DType::float32}, {b, DType::float32}};
    s.fill = [](int index, std::span<double> values) {
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = index == 0 ? static_cast<double>(i * 7 % 3 == 0)
                               : (index == 1 ? 1 : -1) * (0.25 + 0.125 * static_cast<double>(i));
      }
    };
    return s;
  };
  return {sample("same shape", {6, 13}, {6, 13}, {6, 13}), sample("rows", {5, 17}, {17}, {5, 1}),
          sample("condition column", {4, 1}, {4, 9}, {}), sample("scalars", {}, {}, {}),
          sample("empty", {0, 2}, {2}, {0, 2})};
}

}  // namespace

const OpDef& where_op() {
  static const OpDef op{
      .name = "where",
      .num_inputs = 3,
      .fusion = FusionKind::elementwise,
      .infer = infer_where,
      .derivative = [](const GradContext& c, int i) -> Array {
        const DType dtype = c.outputs[0].dtype();
        if (i == 0) return {};
        return cast(i == 1 ? c.inputs[0] : logical_not(c.inputs[0]), dtype);
      },
      .samples = where_samples,
      .doc = "a where the condition is true, else b; all three broadcast.",
  };
  return op;
}

Array where(const Array& condition, const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(where_op(), {cast(condition, DType::bool_), x, y});
}

Array select(const std::vector<Array>& conditions, const std::vector<Array>& choices,
             const Array& otherwise) {
  if (conditions.empty() || conditions.size() != choices.size()) {
    throw ValueError({.where = "select",
                      .what = "Conditions and choices do not pair up",
                      .expected = "one choice for each condition, at least one",
                      .received = std::to_string(conditions.size()) + " conditions and " +
                                  std::to_string(choices.size()) + " choices"});
  }
  Array result = otherwise;
  for (size_t i = choices.size(); i-- > 0;) result = where(conditions[i], choices[i], result);
  return result;
}

}  // namespace danlu
