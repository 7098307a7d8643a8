#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/random.h"
#include "danlu/ops/random/random_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<RandomAttrs>();
  if (!(attrs.a >= 0 && attrs.a <= 1)) {
    throw ValueError({.where = c.where(),
                      .what = "The probability is out of range",
                      .expected = "a number in [0, 1]",
                      .received = number_text(attrs.a)});
  }
  return {{random_record::infer(c).shape, DType::bool_}};
}

}  // namespace

const OpDef& random_bernoulli_op() {
  static const OpDef op{
      .name = "random_bernoulli",
      .infer = infer,
      .batch = batching::leading_axes,
      .random = true,
      .samples = [] { return random_record::samples(0.3, 1); },
      .doc = "True with probability a (to within 2^-32).",
  };
  return op;
}

Array random::bernoulli(const Array& state, const Shape& shape, double p) {
  return random_record::draw(random_bernoulli_op(), state, shape, DType::bool_, p, 1);
}

}  // namespace danlu
