#include "danlu/base/error.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/sorting/sorting_record.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  sorting::require_order(c);
  const TensorSpec& sequence = c.inputs[0];
  if (sequence.shape.rank() != 1) {
    throw ShapeError({.where = c.where(),
                      .what = "The sorted sequence is no vector",
                      .expected = "shape (n,)",
                      .received = sequence.shape.to_string()});
  }
  if (sequence.dtype != c.inputs[1].dtype) {
    throw DTypeError({.where = c.where(),
                      .what = "The sequence and the values have different dtypes",
                      .expected = "one dtype for both",
                      .received = sequence.to_string() + " and " + c.inputs[1].to_string()});
  }
  sorting::require_int32_length(c, sequence.shape[0]);
  return {{c.inputs[1].shape, DType::int32}};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const bool right : {false, true}) {
    const auto add = [&](std::string label, int64_t n, Shape shape, DType dtype = DType::float32) {
      list.push_back({.label = std::move(label) + (right ? ", right" : ", left"),
                      .inputs = {{Shape{n}, dtype}, {shape, dtype}},
                      .attrs = make_attrs(SearchSortedAttrs{right}),
                      .differentiable = false,
                      .fill = [](int index, std::span<double> values) {
                        for (size_t i = 0; i < values.size(); ++i) {
                          values[i] = index == 0 ? static_cast<double>(i / 3)
                                                 : static_cast<double>(i * 11 % 23) - 2;
                        }
                      }});
    };
    add("vector", 37, {50});
    add("matrix", 8, {4, 5});
    add("scalar", 5, {});
    add("in nothing", 0, {4});
    add("nothing", 4, {0});
    add("int32", 40, {30}, DType::int32);
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
        if (c.batched[0]) return batching::one_by_one(c);
        return make_op_outputs(*c.op, c.inputs, c.attrs);
      },
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 20.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .samples = samples,
      .doc = "Where each value belongs in a sorted vector, before or behind its equals.",
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
  const auto [sequence, x] = elementwise::promoted(sorted_sequence, values);
  return make_op(searchsorted_op(), {sequence, x}, make_attrs(SearchSortedAttrs{side == "right"}));
}

Array digitize(const Array& x, const Array& bins) { return searchsorted(bins, x, "right"); }

}  // namespace danlu
