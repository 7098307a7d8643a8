#include "danlu/nn/metric.h"

#include "danlu/nn/global_state.h"
#include "danlu/ops/manipulation.h"

namespace danlu {

void MetricImpl::ensure_built(const Shape& y_true, const Shape& y_pred) {
  if (built_) return;
  build(y_true, y_pred);
  built_ = true;
}

double MetricImpl::value() const { return result().item<double>(); }

void MetricImpl::reset_state() {
  for (Variable& variable : variables_) variable.assign(zeros(variable.shape(), variable.dtype()));
}

Variable MetricImpl::add_variable(std::string name, const Shape& shape) {
  variables_.emplace_back(zeros(shape, floatx()), name_ + "/" + std::move(name), false);
  return variables_.back();
}

}  // namespace danlu
