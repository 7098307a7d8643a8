#include <limits>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"

namespace danlu {

Array logsumexp(const Array& x, const Axes& axis, bool keepdims) {
  const Array values = elementwise::as_float(x);
  const AttrsPtr attrs = reduction::reduction_attrs(values, axis, keepdims, "logsumexp");
  const auto& reduced = attrs_as<ReductionAttrs>(attrs);
  if (reduced.axes.empty()) return values;
  // The shift cancels, so its gradient may be dropped at every order. An infinite one would turn
  // inf − inf into NaN.
  const Array greatest = stop_gradient(max(values, reduced.axes, true));
  const Array finite = abs(greatest) < std::numeric_limits<double>::infinity();
  const Array shift = where(finite, greatest, 0);
  const Array total = log(sum(exp(values - shift), reduced.axes, true)) + shift;
  return keepdims ? total : reshape(total, reduction::reduced_shape(x.shape(), reduced));
}

}  // namespace danlu
