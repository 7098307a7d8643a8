#include "danlu/nn/metrics/mean_metric.h"

#include <numeric>
#include <utility>

#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using Reduce = Array (*)(const Array&, const Axes&, bool);

Axes axes_from(int first, int end) {
  Axes axes(static_cast<size_t>(end - first));
  std::iota(axes.begin(), axes.end(), int64_t{first});
  return axes;
}

Array reduce_from(const Array& x, int first, Reduce reduce) {
  return x.rank() > first ? reduce(x, axes_from(first, x.rank()), false) : x;
}

/// One value for each sample, multiplied by its weight, and the weights. Axes are reduced in
/// Keras's order: those that the weights lack before they are applied, the others after.
Loss::Values samplewise(Array values, Array weight, const Array& mask, Reduce reduce) {
  if (!weight.defined()) return reduce_from(values, 1, reduce);
  if (mask.defined()) {
    Array counts = cast(mask, weight.dtype());
    internal::match_ranks(counts, weight);
    weight = weight * counts;
  }
  internal::match_ranks(values, weight);
  const int rank = weight.rank();
  values = reduce_from(values, rank, reduce);
  weight = broadcast_to(weight, values.shape());
  values = reduce_from(values * weight, 1, reduce);
  return {values, rank > 1 ? reduce_from(weight, 1, reduce) : weight};
}

Array total_of(const Array& x) { return x.rank() == 0 ? x : sum(x); }

Array in_floatx(const Array& x) { return x.dtype() == floatx() ? x : cast(x, floatx()); }

/// The sum of all values.
class SumMetric final : public MetricImpl {
 public:
  explicit SumMetric(std::string name) : MetricImpl(std::move(name)) {
    total_ = add_variable("total");
  }
  std::string_view class_name() const override { return "Sum"; }
  void update_state(const Array& values, const Array&, const Array& sample_weight) override {
    const Array weight = sample_weight.defined() ? in_floatx(sample_weight) : Array();
    const Array each = samplewise(in_floatx(values), weight, {}, sum).values;
    total_.assign(total_ + total_of(each));
  }
  Array result() const override { return total_; }

 private:
  Variable total_;
};

}  // namespace

MeanMetric::MeanMetric(std::string class_name, Json config, metrics::Function function)
    : MetricImpl(config.at("name").as_string()),
      class_name_(std::move(class_name)),
      config_(std::move(config)),
      function_(std::move(function)),
      total_(add_variable("total")),
      count_(add_variable("count")) {}

void MeanMetric::update_state(const Array& y_true, const Array& y_pred,
                              const Array& sample_weight) {
  const Loss::Values values = with_error_context(name(), [&] { return function_(y_true, y_pred); });
  add(values, sample_weight);
}

void MeanMetric::add(const Loss::Values& given, const Array& sample_weight) {
  const Array weight = sample_weight.defined() ? in_floatx(sample_weight) : Array();
  const Loss::Values each = samplewise(in_floatx(given.values), weight, given.mask, mean);
  const Array& values = each.values;
  total_.assign(total_ + total_of(values));
  if (each.mask.defined()) {
    count_.assign(count_ + total_of(each.mask));
  } else {
    count_.assign(count_ + (values.rank() > 0 ? static_cast<double>(values.shape()[0]) : 1.0));
  }
}

void MeanMetric::add_scalar(const Array& value, double count) {
  total_.assign(total_ + in_floatx(value) * count);
  count_.assign(count_ + count);
}

Array MeanMetric::result() const {
  const Array count = count_;
  return where(count > 0.0, total_ / maximum(count, 1e-30), zeros_like(count));
}

double MeanMetric::value() const {
  const double count = count_.value().item<double>();
  return count > 0 ? total_.value().item<double>() / count : 0.0;
}

namespace metrics {

Mean::Mean(std::string name)
    : metric_(std::make_shared<MeanMetric>("Mean", Json::object({{"name", std::move(name)}}),
                                           Function())) {}

void Mean::update_state(const Array& values, const Array& sample_weight) {
  static_cast<MeanMetric*>(metric_.operator->())->add(values, sample_weight);
}

void Mean::update_state(const Array& value, double count) {
  static_cast<MeanMetric*>(metric_.operator->())->add_scalar(value, count);
}

Sum::Sum(std::string name) : metric_(std::make_shared<SumMetric>(std::move(name))) {}

void Sum::update_state(const Array& values, const Array& sample_weight) {
  metric_->update_state(values, values, sample_weight);
}

MeanMetricWrapper::MeanMetricWrapper(Function function, std::string name)
    : MeanMetricWrapper("", Json::object({{"name", std::move(name)}}), std::move(function)) {}

MeanMetricWrapper::MeanMetricWrapper(std::string class_name, Json config, Function function)
    : Metric(std::make_shared<MeanMetric>(std::move(class_name), std::move(config),
                                          std::move(function))) {}

}  // namespace metrics
}  // namespace danlu
