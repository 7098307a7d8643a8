#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/indexing/indexing_attrs.h"
#include "danlu/ops/indexing/indexing_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const Shape& shape = c.attrs_as<RavelIndexAttrs>().shape;
  if (!shape.is_known() || c.inputs.empty() ||
      c.inputs.size() != static_cast<size_t>(shape.rank())) {
    throw ShapeError({.where = c.where(),
                      .what = "The number of index Arrays is not that of the axes",
                      .expected = "one for each axis of " + shape.to_string() + ", and an axis",
                      .received = std::to_string(c.inputs.size())});
  }
  Shape out;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    indexing::require_integer_indices(c, static_cast<int>(i));
    out = broadcast_shapes(out, c.inputs[i].shape, c.where());
  }
  return {{out, DType::int64}};
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, std::vector<TensorSpec> inputs) {
    return OpSample{.label = std::move(label),
                    .inputs = std::move(inputs),
                    .attrs = make_attrs(RavelIndexAttrs{shape}),
                    .differentiable = false,
                    .fill = [shape](int index, std::span<double> values) {
                      const int64_t n = shape[index];
                      for (size_t i = 0; i < values.size(); ++i) {
                        values[i] = static_cast<double>(static_cast<int64_t>(i) * 5 % (2 * n) - n);
                      }
                    }};
  };
  return {
      sample("two", {4, 7}, {{Shape{9}, DType::int32}, {Shape{9}, DType::int64}}),
      sample("outer", {4, 7}, {{Shape{5, 1}, DType::int64}, {Shape{6}, DType::int64}}),
      sample("one", {5}, {{Shape{3, 4}, DType::int32}}),
      sample(
          "three", {2, 3, 4},
          {{Shape{}, DType::int32}, {Shape{2, 1, 3}, DType::int64}, {Shape{5, 1}, DType::int64}}),
      sample("none", {3, 4}, {{Shape{0}, DType::int32}, {Shape{1}, DType::int32}})};
}

}  // namespace

const OpDef& ravel_multi_index_op() {
  static const OpDef op{
      .name = "ravel_multi_index",
      .num_inputs = -1,
      .infer = infer,
      .vjp = [](const GradContext& c) { return std::vector<Array>(c.inputs.size()); },
      .batch = batching::elementwise,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return 4.0 * static_cast<double>(in.size()) *
                   static_cast<double>(out[0].shape.num_elements());
          },
      .fault_text =
          [](const Attrs* attrs, int64_t value) {
            return "An index is out of range. Expected an index of each axis of " +
                   attrs_as<RavelIndexAttrs>(attrs).shape.to_string() + ", from -n to n - 1" +
                   ". Received " + std::to_string(value) + ".";
          },
      .samples = samples,
      .doc = "The flat index of elements that are named by one index per axis; −1 is the last.",
  };
  return op;
}

Array ravel_multi_index(const std::vector<Array>& indices, const Shape& shape) {
  return make_op_outputs(ravel_multi_index_op(), indices, make_attrs(RavelIndexAttrs{shape}))[0];
}

std::vector<Array> unravel_index(const Array& indices, const Shape& shape) {
  if (!is_integer(indices.dtype())) {
    throw DTypeError({.where = "unravel_index",
                      .what = "The indices are no integers",
                      .expected = "an integer dtype",
                      .received = indices.spec().to_string()});
  }
  // The check of the range, and indices from the end made positive.
  Array rest = ravel_multi_index({indices}, Shape{shape.num_elements()});
  std::vector<Array> parts(static_cast<size_t>(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const Array length = Array::scalar(static_cast<double>(shape[axis]), DType::int64);
    const Array above =
        cast(floor(cast(rest, DType::float64) / cast(length, DType::float64)), DType::int64);
    parts[static_cast<size_t>(axis)] = cast(rest - above * length, indices.dtype());
    rest = above;
  }
  return parts;
}

}  // namespace danlu
