#include "danlu/ops/sorting/sorting_record.h"

#include <cmath>
#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu::sorting {

int checked_axis(const InferContext& c, int input) {
  const Shape& shape = c.inputs[static_cast<size_t>(input)].shape;
  const int64_t axis = c.attrs_as<AxisAttrs>().axis;
  if (axis < 0 || axis >= shape.rank()) {
    throw ShapeError({.where = c.where(),
                      .what = "The input has no such axis",
                      .expected = "an axis of " + shape.to_string(),
                      .received = c.attrs->to_string()});
  }
  return static_cast<int>(axis);
}

void require_order(const InferContext& c) {
  if (!is_complex(c.inputs[0].dtype)) return;
  throw DTypeError({.where = c.where(),
                    .what = "Complex numbers have no order",
                    .expected = "a floating, integer or bool dtype",
                    .received = c.inputs[0].to_string(),
                    .hint = "take abs, real or imag first"});
}

void require_int32_length(const InferContext& c, int64_t length) {
  if (length > std::numeric_limits<int32_t>::max()) {
    throw ShapeError({.where = c.where(),
                      .what = "The axis is too long for int32 indices",
                      .expected = "at most 2147483647 elements",
                      .received = std::to_string(length)});
  }
}

std::vector<Array> batch(const BatchContext& c) {
  return batching::call(*c.op, {c.inputs[0]}, AxisAttrs{c.attrs_as<AxisAttrs>().axis + 1});
}

void fill_ties(int, std::span<double> values) {
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 7 % 5) - 2;
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, int64_t axis,
                         DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}},
                    .attrs = make_attrs(AxisAttrs{axis}),
                    .low = dtype == DType::float32 ? -2.0 : 0.0,
                    .high = dtype == DType::float32 ? 2.0 : 100.0,
                    .tolerance = 0,
                    .differentiable = dtype == DType::float32};
  };
  std::vector<OpSample> list = {sample("vector", {67}, 0),
                                sample("rows", {5, 33}, 1),
                                sample("columns", {19, 4}, 0),
                                sample("middle", {2, 9, 3}, 1),
                                sample("one", {1}, 0),
                                sample("no rows", {0, 4}, 1),
                                sample("empty rows", {4, 0}, 1),
                                sample("long", {3000}, 0),
                                sample("int32", {41}, 0, DType::int32),
                                sample("int64", {3, 17}, 1, DType::int64),
                                sample("uint8", {60}, 0, DType::uint8)};
  list[7].differentiable = false;
  OpSample ties = sample("ties", {4, 40}, 1);
  ties.fill = fill_ties;
  ties.differentiable = false;
  OpSample specials = sample("NaN and infinities", {24}, 0);
  specials.fill = [](int, std::span<double> values) {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    const double some[] = {1, std::nan(""), -kInf, -0.0, 0.0, kInf, -3, 0x1p-126};
    for (size_t i = 0; i < values.size(); ++i) values[i] = some[i * 5 % 8];
  };
  specials.differentiable = false;
  list.push_back(std::move(ties));
  list.push_back(std::move(specials));
  return list;
}

double flops(const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  const auto n = static_cast<double>(in[0].shape.num_elements());
  const auto row =
      static_cast<double>(in[0].shape[static_cast<int>(attrs_as<AxisAttrs>(attrs).axis)]);
  return 4 * n * std::log2(row + 2);
}

}  // namespace danlu::sorting
