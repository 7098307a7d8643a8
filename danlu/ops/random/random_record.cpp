#include "danlu/ops/random/random_record.h"

#include <algorithm>
#include <cmath>

#include "danlu/base/error.h"
#include "danlu/base/text.h"

namespace danlu::random_record {

std::vector<int64_t> axes_of_states(const InferContext& c) {
  const TensorSpec& state = c.inputs[0];
  const std::string expected = "{seed, counter}: int64 of shape (2,), or of more axes before it";
  const std::string hint = "take it from SeedGenerator::next()";
  if (state.dtype != DType::int64) {
    throw DTypeError({.where = c.where(),
                      .what = "The random state has the wrong dtype",
                      .expected = expected,
                      .received = state.to_string(),
                      .hint = hint});
  }
  if (state.shape.rank() == 0 || state.shape[-1] != 2) {
    throw ShapeError({.where = c.where(),
                      .what = "The random state has the wrong shape",
                      .expected = expected,
                      .received = state.to_string(),
                      .hint = hint});
  }
  return state.shape.without_axis(-1).to_vector();
}

Shape drawn_shape(const InferContext& c, const Shape& one) {
  std::vector<int64_t> dims = axes_of_states(c);
  dims.insert(dims.end(), one.begin(), one.end());
  return Shape(dims);
}

void check_parameter(const InferContext& c, size_t i) {
  const std::vector<int64_t> states = axes_of_states(c);
  const Shape& shape = c.inputs[i].shape;
  if (static_cast<size_t>(shape.rank()) >= states.size() &&
      std::equal(states.begin(), states.end(), shape.begin())) {
    return;
  }
  throw ShapeError({.where = c.where(),
                    .what = "The parameter does not fit the random states",
                    .expected = "an Array with the axes " + Shape(states).to_string() + " in front",
                    .received = c.inputs[i].to_string()});
}

TensorSpec infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<RandomAttrs>();
  if (!attrs.shape.is_known()) {
    throw ValueError({.where = c.where(),
                      .what = "Random numbers need a shape without unknown dimensions",
                      .expected = "dimensions of 0 or more",
                      .received = attrs.shape.to_string()});
  }
  return {drawn_shape(c, attrs.shape), attrs.dtype};
}

std::vector<TensorSpec> infer_float(const InferContext& c) {
  const TensorSpec out = infer(c);
  if (!is_floating(out.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "Random real numbers need a floating dtype",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = std::string(name(out.dtype))});
  }
  return {out};
}

std::vector<TensorSpec> infer_normal(const InferContext& c) {
  const auto& attrs = c.attrs_as<RandomAttrs>();
  if (!(attrs.b >= 0) || !std::isfinite(attrs.b) || !std::isfinite(attrs.a)) {
    throw ValueError({.where = c.where(),
                      .what = "The distribution does not exist",
                      .expected = "a finite mean and a standard deviation of 0 or more",
                      .received = "mean " + number_text(attrs.a) + ", standard deviation " +
                                  number_text(attrs.b)});
  }
  return infer_float(c);
}

void fill_state(int, std::span<double> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = i % 2 == 0 ? 20241 : 7 + static_cast<double>(i / 2);
  }
}

OpSample with_states(OpSample sample) {
  sample.label += ", states";
  for (TensorSpec& spec : sample.inputs) {
    spec.shape = spec.shape.with_axis_inserted(0, 2).with_axis_inserted(0, 3);
  }
  return sample;
}

std::vector<OpSample> samples(double a, double b) {
  auto sample = [&](std::string label, Shape shape) {
    return OpSample{.label = std::move(label),
                    .inputs = {{Shape{2}, DType::int64}},
                    .attrs = make_attrs(RandomAttrs{shape, DType::float32, a, b}),
                    .differentiable = false,
                    .fill = fill_state};
  };
  return {sample("matrix", {5, 7}),
          sample("vector", {1023}),
          sample("scalar", {}),
          sample("none", {0, 3}),
          with_states(sample("matrix", {5, 7})),
          with_states(sample("vector", {1023})),
          with_states(sample("scalar", {})),
          with_states(sample("none", {0, 3}))};
}

Array draw(const OpDef& op, const Array& state, const Shape& shape, DType dtype, double a,
           double b) {
  return make_op(op, {state}, make_attrs(RandomAttrs{shape, dtype, a, b}));
}

}  // namespace danlu::random_record
