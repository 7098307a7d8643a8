#include "danlu/ops/elementwise.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

Array count(const Array& truth, const Axes& axis, bool keepdims) {
  return sum(cast(truth, DType::int32), axis, keepdims);
}

}  // namespace

Array all(const Array& x, const Axes& axis, bool keepdims) {
  return count(logical_not(x), axis, keepdims) == 0;
}

Array any(const Array& x, const Axes& axis, bool keepdims) {
  return count(x != 0, axis, keepdims) != 0;
}

Array count_nonzero(const Array& x, const Axes& axis) {
  return cast(count(x != 0, axis, false), DType::int32);
}

}  // namespace danlu
