#include "danlu/ops/random.h"
#include "danlu/ops/random/random_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {

const OpDef& random_truncated_normal_op() {
  static const OpDef op{
      .name = "random_truncated_normal",
      .infer = random_record::infer_normal,
      .batch = batching::leading_axes,
      .random = true,
      .samples = [] { return random_record::samples(1, 2); },
      .doc =
          "Normal numbers with mean a and standard deviation b before truncation; those more "
          "than two standard deviations away are drawn again.",
  };
  return op;
}

Array random::truncated_normal(const Array& state, const Shape& shape, double mean, double stddev,
                               DType dtype) {
  return random_record::draw(random_truncated_normal_op(), state, shape, dtype, mean, stddev);
}

}  // namespace danlu
