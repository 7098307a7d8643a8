#include "danlu/train/class_weight.h"

#include <algorithm>
#include <string>

#include "danlu/base/error.h"

namespace danlu {

HostTensor class_weights(const DataSplit& data, const std::map<int64_t, double>& weights) {
  if (data.y.count() > 1) {
    throw ValueError({.where = "fit",
                      .what = "`class_weight` is only for models with a single output",
                      .received = std::to_string(data.y.count()) + " targets",
                      .hint = "give `sample_weight` for each output instead"});
  }
  if (data.sample_weight.count() > 0) {
    throw ValueError({.where = "fit",
                      .what = "There are weights of classes and of samples",
                      .expected = "one of class_weight and sample_weight"});
  }
  const HostTensor& y = data.y;
  if (!y.defined() || y.shape().rank() > 2) {
    throw ValueError({.where = "fit, class_weight",
                      .what = "The targets do not say what class a sample belongs to",
                      .expected = "targets of shape (samples), (samples, 1) or (samples, classes)",
                      .received = y.defined() ? y.spec().to_string() : "no targets"});
  }
  const int64_t n = y.shape()[0], columns = y.shape().rank() == 2 ? y.shape()[1] : 1;
  HostTensor result = HostTensor::empty(Shape{n}, DType::float32);
  auto* out = static_cast<float*>(result.data());
  dispatch_real(y.dtype(), [&](auto tag) {
    const auto* row = static_cast<const decltype(tag)*>(y.data());
    for (int64_t i = 0; i < n; ++i, row += columns) {
      const auto greatest = std::max_element(row, row + columns) - row;
      const auto found = weights.find(columns == 1 ? static_cast<int64_t>(*row) : greatest);
      out[i] = found == weights.end() ? 1.F : static_cast<float>(found->second);
    }
  });
  return result;
}

}  // namespace danlu
