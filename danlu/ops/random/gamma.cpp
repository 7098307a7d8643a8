#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"
#include "danlu/ops/random/random_more_attrs.h"
#include "danlu/ops/random/random_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  random_record::check_parameter(c, 1);
  const TensorSpec& alpha = c.inputs[1];
  if (!is_floating(alpha.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The parameter has the wrong dtype",
                      .expected = "a floating dtype",
                      .received = alpha.to_string()});
  }
  if (c.attrs_as<RandomGammaAttrs>().stream < 0 || c.attrs_as<RandomGammaAttrs>().stream > 1) {
    throw ValueError({.where = c.where(),
                      .what = "There is no such stream",
                      .expected = "0 or 1",
                      .received = c.attrs->to_string()});
  }
  return {alpha};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  const auto add = [&](std::string label, Shape shape, int64_t stream) {
    list.push_back({.label = std::move(label),
                    .inputs = {{Shape{2}, DType::int64}, {shape, DType::float32}},
                    .attrs = make_attrs(RandomGammaAttrs{stream}),
                    .low = 0.1,
                    .high = 6,
                    .differentiable = false,
                    .fill = [](int index, std::span<double> values) {
                      if (index == 0) random_record::fill_state(0, values);
                    }});
  };
  add("matrix", {5, 7}, 0);
  add("the other stream", {33}, 1);
  add("scalar", {}, 0);
  add("none", {0, 3}, 0);
  for (const size_t i : {0, 2, 3}) list.push_back(random_record::with_states(list[i]));
  return list;
}

/// A parameter as the op needs it: `shape`, in double for narrow results too.
Array parameter(const Array& x, const Shape& shape) {
  return broadcast_to(cast(x, DType::float64), shape);
}

Array log_gamma_draw(const Array& state, const Shape& shape, const Array& alpha, int64_t stream) {
  return make_op(random_gamma_op(), {state, parameter(alpha, shape)},
                 make_attrs(RandomGammaAttrs{stream}));
}

}  // namespace

const OpDef& random_gamma_op() {
  static const OpDef op{
      .name = "random_gamma",
      .num_inputs = 2,
      .infer = infer,
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 150.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .random = true,
      .samples = samples,
      .doc =
          "Logarithms of gamma variates of each shape parameter, scale 1; NaN unless it is "
          "positive. Source: Marsaglia and Tsang, \"A simple method for generating gamma "
          "variables\" (2000).",
  };
  return op;
}

Array random::gamma(const Array& state, const Shape& shape, const Array& alpha, DType dtype) {
  return cast(exp(stop_gradient(log_gamma_draw(state, shape, alpha, 0))), dtype);
}

Array random::beta(const Array& state, const Shape& shape, const Array& alpha, const Array& beta,
                   DType dtype) {
  const Array a = log_gamma_draw(state, shape, alpha, 0);
  const Array b = log_gamma_draw(state, shape, beta, 1);
  return cast(sigmoid(stop_gradient(a - b)), dtype);
}

}  // namespace danlu
