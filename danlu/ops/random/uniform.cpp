#include <cmath>

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
  if (!(attrs.a < attrs.b) || !std::isfinite(attrs.b - attrs.a)) {
    throw ValueError({.where = c.where(),
                      .what = "The range is empty or not finite",
                      .expected = "minval < maxval",
                      .received = "[" + number_text(attrs.a) + ", " + number_text(attrs.b) + ")"});
  }
  return random_record::infer_float(c);
}

}  // namespace

const OpDef& random_uniform_op() {
  static const OpDef op{
      .name = "random_uniform",
      .infer = infer,
      .batch = batching::leading_axes,
      .random = true,
      .samples = [] { return random_record::samples(-1, 3); },
      .doc = "Uniform numbers in [a, b): 24 random bits each, 53 in float64.",
  };
  return op;
}

Array random::uniform(const Array& state, const Shape& shape, double minval, double maxval,
                      DType dtype) {
  return random_record::draw(random_uniform_op(), state, shape, dtype, minval, maxval);
}

}  // namespace danlu
