#include "danlu/base/error.h"
#include "danlu/ops/random.h"
#include "danlu/ops/random/random_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec out = random_record::infer(c);
  const Shape& one = c.attrs_as<RandomAttrs>().shape;
  if (one.rank() != 1) {
    throw ShapeError({.where = c.where(),
                      .what = "A permutation is a vector",
                      .expected = "shape (n,)",
                      .received = one.to_string()});
  }
  return {{out.shape, DType::int64}};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const int64_t n : {100, 1, 0}) {
    list.push_back({.label = std::to_string(n) + " items",
                    .inputs = {{Shape{2}, DType::int64}},
                    .attrs = make_attrs(RandomAttrs{Shape{n}, DType::int64}),
                    .differentiable = false,
                    .fill = random_record::fill_state});
    list.push_back(random_record::with_states(list.back()));
  }
  return list;
}

}  // namespace

const OpDef& random_permutation_op() {
  static const OpDef op{
      .name = "random_permutation",
      .infer = infer,
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 50.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .random = true,
      .samples = samples,
      .doc = "A random order of 0 … n−1: the indices sorted by 64-bit random keys.",
  };
  return op;
}

Array random::permutation(const Array& state, int64_t n) {
  if (n < 0) {
    throw ValueError({.where = "random_permutation",
                      .what = "The number of items is negative",
                      .expected = "n of 0 or more",
                      .received = std::to_string(n)});
  }
  return random_record::draw(random_permutation_op(), state, Shape{n}, DType::int64, 0, 1);
}

}  // namespace danlu
