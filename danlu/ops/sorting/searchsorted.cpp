#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/sorting/sorting_record.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  sorting::require_order(c);
  const TensorSpec& sequence = c.inputs[0];
  const Shape &vectors = sequence.shape, &values = c.inputs[1].shape;
  if (vectors.rank() == 0 || values.rank() < vectors.rank() - 1 ||
      !std::equal(vectors.begin(), vectors.end() - 1, values.begin())) {
    throw ShapeError({.where = c.where(),
                      .what = "The sorted sequences do not fit the values",
                      .expected = "shape (n,), or (…, n) and values of shape (…, any)",
                      .received = vectors.to_string() + " and " + values.to_string()});
  }
  if (sequence.dtype != c.inputs[1].dtype) {
    throw DTypeError({.where = c.where(),
                      .what = "The sequence and the values have different dtypes",
                      .expected = "one dtype for both",
                      .received = sequence.to_string() + " and " + c.inputs[1].to_string()});
  }
  sorting::require_int32_length(c, vectors[-1]);
  return {{c.inputs[1].shape, DType::int32}};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const bool right : {false, true}) {
    const auto add = [&](std::string label, Shape sequence, Shape shape,
                         DType dtype = DType::float32) {
      const auto n = static_cast<size_t>(std::max<int64_t>(1, sequence[-1]));
      list.push_back({.label = std::move(label) + (right ? ", right" : ", left"),
                      .inputs = {{sequence, dtype}, {shape, dtype}},
                      .attrs = make_attrs(SearchSortedAttrs{right}),
                      .differentiable = false,
                      .fill = [n](int index, std::span<double> values) {
                        for (size_t i = 0; i < values.size(); ++i) {
                          values[i] = index == 0 ? static_cast<double>(i % n / 3 + i / n)
                                                 : static_cast<double>(i * 11 % 23) - 2;
                        }
                      }});
    };
    add("vector", {37}, {50});
    add("matrix", {8}, {4, 5});
    add("scalar", {5}, {});
    add("in nothing", {0}, {4});
    add("nothing", {4}, {0});
    add("sequences", {3, 9}, {3, 4, 2});
    add("a scalar in each sequence", {2, 3, 5}, {2, 3});
    add("int32", {40}, {30}, DType::int32);
  }
  return list;
}

}  // namespace

const OpDef& searchsorted_op() {
  static const OpDef op{
      .name = "searchsorted",
      .num_inputs = 2,
      .infer = infer,
      .vjp = [](const GradContext&) -> std::vector<Array> {
        return {Array(), Array()};
      },
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        // More values for one vector need no copies of it.
        if (!c.batched[0] && c.inputs[0].rank() == 1) {
          return make_op_outputs(*c.op, c.inputs, c.attrs);
        }
        return batching::leading_axes(c);
      },
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 20.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .samples = samples,
      .doc =
          "Where each value belongs in a sorted vector, before or behind its equals; axes before "
          "that of the vector are those of the values.",
  };
  return op;
}

Array searchsorted(const Array& sorted_sequence, const Array& values, const std::string& side) {
  if (side != "left" && side != "right") {
    throw ValueError({.where = "searchsorted",
                      .what = "There is no such side",
                      .expected = "'left' or 'right'",
                      .received = "'" + side + "'"});
  }
  if (sorted_sequence.rank() != 1) {
    throw ShapeError({.where = "searchsorted",
                      .what = "The sorted sequence is no vector",
                      .expected = "shape (n,)",
                      .received = sorted_sequence.shape().to_string(),
                      .hint = "vmap maps over sequences"});
  }
  const auto [sequence, x] = elementwise::promoted(sorted_sequence, values);
  return make_op(searchsorted_op(), {sequence, x}, make_attrs(SearchSortedAttrs{side == "right"}));
}

Array isin(const Array& x1, const Array& x2, const IsInOptions& options) {
  const auto [x, set] = elementwise::promoted(x1, x2);
  if (set.size() == 0) return full(x.shape(), options.invert ? 1 : 0, DType::bool_);
  const Array sorted = sort(reshape(set, Shape{set.size()}));
  const Array last = Array::scalar(set.size() - 1, DType::int32);
  const Array nearest = take(sorted, minimum(searchsorted(sorted, x), last), 0);
  return options.invert ? x != nearest : x == nearest;
}

Array digitize(const Array& x, const Array& bins) { return searchsorted(bins, x, "right"); }

}  // namespace danlu
