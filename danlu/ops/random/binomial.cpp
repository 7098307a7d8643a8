#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"
#include "danlu/ops/random/random_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  random_record::check_parameter(c, 1);
  const TensorSpec &counts = c.inputs[1], &probabilities = c.inputs[2];
  if (!is_floating(counts.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The parameters have the wrong dtype",
                      .expected = "a floating dtype",
                      .received = counts.to_string()});
  }
  if (counts != probabilities) {
    throw ShapeError({.where = c.where(),
                      .what = "The counts and the probabilities differ",
                      .expected = "two Arrays of one shape and dtype",
                      .received = counts.to_string() + " and " + probabilities.to_string()});
  }
  return {counts};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  const auto add = [&](std::string label, Shape shape, double most) {
    const TensorSpec spec{shape, DType::float32};
    list.push_back({.label = std::move(label),
                    .inputs = {{Shape{2}, DType::int64}, spec, spec},
                    .differentiable = false,
                    .fill = [most](int index, std::span<double> values) {
                      if (index == 0) return random_record::fill_state(0, values);
                      for (size_t i = 0; i < values.size(); ++i) {
                        values[i] = index == 1 ? static_cast<double>(i * 7 % 13) / 12 * most
                                               : static_cast<double>(i * 5 % 9) / 8;
                        if (index == 1) values[i] = static_cast<double>(int64_t(values[i]));
                      }
                    }});
  };
  add("few", {5, 7}, 12);
  add("many", {60}, 3000);
  add("scalar", {}, 20);
  add("none", {0, 3}, 20);
  for (const size_t i : {0, 2, 3}) list.push_back(random_record::with_states(list[i]));
  return list;
}

}  // namespace

const OpDef& random_binomial_op() {
  static const OpDef op{
      .name = "random_binomial",
      .num_inputs = 3,
      .infer = infer,
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 200.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .random = true,
      .samples = samples,
      .doc =
          "The number of successes in so many trials of such a probability; NaN where there is "
          "no such distribution. Source: Hörmann, \"The generation of binomial random "
          "variates\" (1993).",
  };
  return op;
}

Array random::binomial(const Array& state, const Shape& shape, const Array& counts,
                       const Array& probabilities, DType dtype) {
  const auto parameter = [&](const Array& x) {
    return stop_gradient(broadcast_to(cast(x, DType::float64), shape));
  };
  return cast(make_op(random_binomial_op(), {state, parameter(counts), parameter(probabilities)}),
              dtype);
}

}  // namespace danlu
