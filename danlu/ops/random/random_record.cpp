#include "danlu/ops/random/random_record.h"

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/base/text.h"

namespace danlu::random_record {

void check_state(const InferContext& c) {
  const TensorSpec& state = c.inputs[0];
  if (state.dtype != DType::int64 || state.shape != Shape{2}) {
    const std::string expected = "{seed, counter}: int64 of shape (2,)";
    const std::string hint = "take it from SeedGenerator::next()";
    if (state.dtype != DType::int64) {
      throw DTypeError({.where = c.where(),
                        .what = "The random state has the wrong dtype",
                        .expected = expected,
                        .received = state.to_string(),
                        .hint = hint});
    }
    throw ShapeError({.where = c.where(),
                      .what = "The random state has the wrong shape",
                      .expected = expected,
                      .received = state.to_string(),
                      .hint = hint});
  }
}

TensorSpec infer(const InferContext& c) {
  check_state(c);
  const auto& attrs = c.attrs_as<RandomAttrs>();
  if (!attrs.shape.is_known()) {
    throw ValueError({.where = c.where(),
                      .what = "Random numbers need a shape without unknown dimensions",
                      .expected = "dimensions of 0 or more",
                      .received = attrs.shape.to_string()});
  }
  return {attrs.shape, attrs.dtype};
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
  values[0] = 20241;
  values[1] = 7;
}

std::vector<OpSample> samples(double a, double b) {
  auto sample = [&](std::string label, Shape shape) {
    return OpSample{.label = std::move(label),
                    .inputs = {{Shape{2}, DType::int64}},
                    .attrs = make_attrs(RandomAttrs{shape, DType::float32, a, b}),
                    .differentiable = false,
                    .fill = fill_state};
  };
  return {sample("matrix", {5, 7}), sample("vector", {1023}), sample("scalar", {}),
          sample("none", {0, 3})};
}

Array draw(const OpDef& op, const Array& state, const Shape& shape, DType dtype, double a,
           double b) {
  return make_op(op, {state}, make_attrs(RandomAttrs{shape, dtype, a, b}));
}

}  // namespace danlu::random_record
