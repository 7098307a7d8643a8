#include "danlu/nn/metrics/classes.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"

namespace danlu::metrics {
namespace {

/// Where a matrix of classes against classes comes from.
struct MatrixOptions {
  int64_t num_classes = 2;
  bool sparse_y_true = true, sparse_y_pred = true;
  int64_t axis = -1;
  std::optional<int64_t> ignore_class;
  bool whole_weights = false;  ///< cut to integers
};

Array flat_classes(const Array& x, bool sparse, int64_t axis) {
  const Array classes = cast(sparse ? x : argmax(x, axis), DType::int64);
  return reshape(classes, Shape{classes.size()});
}

/// (num_classes, num_classes) weights of (target, prediction).
Array confusion_matrix(const Array& y_true, const Array& y_pred, const Array& sample_weight,
                       const MatrixOptions& o) {
  const Array target = flat_classes(y_true, o.sparse_y_true, o.axis);
  const Array prediction = flat_classes(y_pred, o.sparse_y_pred, o.axis);
  if (target.shape() != prediction.shape()) {
    throw ShapeError({.what = "Targets and predictions do not fit each other",
                      .expected = "one class for each target",
                      .received = "targets " + y_true.shape().to_string() + ", predictions " +
                                  y_pred.shape().to_string()});
  }
  const auto inside = [&](const Array& x) { return x >= 0 && x < o.num_classes; };
  Array counts = inside(target) && inside(prediction);
  if (o.ignore_class) counts = counts && target != *o.ignore_class;
  Array weight = ones(target.shape(), floatx());
  if (sample_weight.defined()) {
    const Array given =
        o.whole_weights ? trunc(cast(sample_weight, floatx())) : cast(sample_weight, floatx());
    weight = broadcast_to(given.rank() > 1 ? reshape(given, Shape{given.size()}) : given,
                          target.shape());
  }
  weight = where(counts, weight, 0.0);
  const auto rows = [&](const Array& x) {
    return one_hot(where(counts, x, zeros_like(x)), o.num_classes, floatx());  // (samples, classes)
  };
  return matmul(rows(target) * expand_dims(weight, -1), rows(prediction), {.transpose_a = true});
}

/// A metric that is computed from the sum of all such matrices.
template <class Config>
class MatrixMetric : public ConfiguredMetric<Config> {
 public:
  MatrixMetric(const char* class_name, MatrixOptions options, Config config)
      : ConfiguredMetric<Config>(class_name, std::move(config)), options_(options) {
    if (options_.num_classes < 1) {
      throw ValueError({.where = class_name,
                        .what = "`num_classes` must be positive",
                        .received = "num_classes=" + std::to_string(options_.num_classes)});
    }
    total_ = this->add_variable("total_confusion_matrix",
                                Shape{options_.num_classes, options_.num_classes});
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(this->name(), [&] {
      total_.assign(total_ + confusion_matrix(y_true, y_pred, sample_weight, options_));
    });
  }

 protected:
  Array matrix() const { return total_; }
  Array right() const { return diag(total_); }
  Array targets() const { return sum(total_, {1}); }
  Array predictions() const { return sum(total_, {0}); }

 private:
  MatrixOptions options_;
  Variable total_;
};

template <class Config>
MatrixOptions matrix_options(const Config& c) {
  return {.num_classes = c.num_classes,
          .sparse_y_true = c.sparse_y_true,
          .sparse_y_pred = c.sparse_y_pred};
}

class ConfusionMatrixImpl final : public MatrixMetric<ConfusionMatrixConfig> {
 public:
  using MatrixMetric::MatrixMetric;
  Array result() const override { return matrix(); }
};

class MatthewsImpl final : public MatrixMetric<ConfusionMatrixConfig> {
 public:
  using MatrixMetric::MatrixMetric;
  Array result() const override {
    const Array t = targets(), p = predictions(), all = sum(t);
    const Array covariance = sum(right()) * all - sum(t * p);
    const Array spread = (square(all) - sum(square(p))) * (square(all) - sum(square(t)));
    return divide_no_nan(covariance, sqrt(spread));
  }
};

class KappaImpl final : public MatrixMetric<CohenKappaConfig> {
 public:
  explicit KappaImpl(CohenKappaConfig c)
      : MatrixMetric("CohenKappa", matrix_options(c), c), cost_(cost(c)) {}

  Array result() const override {
    const Array t = targets(), p = predictions();
    const Array expected = expand_dims(t, 1) * expand_dims(p, 0);
    const Array costs = cast(cost_, t.dtype());
    const Array by_chance = divide_no_nan(sum(costs * expected), sum(t));
    return where(by_chance > 0.0, 1.0 - divide_no_nan(sum(costs * matrix()), by_chance), 0.0);
  }

 private:
  static Array cost(const CohenKappaConfig& c) {
    const Array position = arange(c.num_classes);
    const Array distance =
        cast(abs(expand_dims(position, 0) - expand_dims(position, 1)), DType::float64);
    if (c.weightage.empty()) return cast(distance > 0.0, DType::float64);
    if (c.weightage == "linear") return distance;
    if (c.weightage == "quadratic") return square(distance);
    throw ValueError({.where = "CohenKappa",
                      .what = "`weightage` is unknown",
                      .expected = "\"\", \"linear\" or \"quadratic\"",
                      .received = "\"" + c.weightage + "\""});
  }

  Array cost_;
};

template <class Config>
class IoUImpl : public MatrixMetric<Config> {
 public:
  IoUImpl(const char* class_name, MatrixOptions options, std::vector<int64_t> ids, Config config)
      : MatrixMetric<Config>(class_name, options, std::move(config)), ids_(std::move(ids)) {
    for (const int64_t id : ids_) {
      if (id >= 0 && id < options.num_classes) continue;
      throw ValueError({.where = class_name,
                        .what = "There is no such class",
                        .expected = "numbers in [0, " + std::to_string(options.num_classes) + ")",
                        .received = std::to_string(id)});
    }
  }

  Array result() const override {
    const Array ids(ids_);
    const Array right = take(this->right(), ids, 0);
    const Array either = take(this->targets() + this->predictions() - this->right(), ids, 0);
    const Array occurs = either > 1e-9;
    const Array shares = where(occurs, right / (either + 1e-7), 0.0);
    return sum(shares) / (sum(cast(occurs, shares.dtype())) + 1e-7);
  }

 private:
  std::vector<int64_t> ids_;
};

class BinaryIoUImpl final : public IoUImpl<BinaryIoUConfig> {
 public:
  explicit BinaryIoUImpl(BinaryIoUConfig c)
      : IoUImpl("BinaryIoU", {.num_classes = 2, .whole_weights = true}, c.target_class_ids, c) {}
  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    const Array positive = cast(y_pred, floatx()) >= config().threshold;
    IoUImpl::update_state(y_true, cast(positive, DType::int64), sample_weight);
  }
};

template <class Config>
MatrixOptions iou_options(const Config& c, bool sparse_y_true) {
  return {.num_classes = c.num_classes,
          .sparse_y_true = sparse_y_true,
          .sparse_y_pred = c.sparse_y_pred,
          .axis = c.axis,
          .ignore_class = c.ignore_class,
          .whole_weights = true};
}

template <class Config>
std::shared_ptr<MetricImpl> iou(const char* class_name, bool sparse_y_true,
                                const std::vector<int64_t>& ids, const Config& c) {
  return std::make_shared<IoUImpl<Config>>(class_name, iou_options(c, sparse_y_true), ids, c);
}

std::vector<int64_t> all_classes(int64_t count) {
  std::vector<int64_t> ids(static_cast<size_t>(std::max<int64_t>(count, 0)));
  std::iota(ids.begin(), ids.end(), int64_t{0});
  return ids;
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(ConfusionMatrixConfig c)
    : Metric(std::make_shared<ConfusionMatrixImpl>("ConfusionMatrix", matrix_options(c), c)) {}
MatthewsCorrelation::MatthewsCorrelation(ConfusionMatrixConfig c)
    : Metric(std::make_shared<MatthewsImpl>("MatthewsCorrelation", matrix_options(c), c)) {}
CohenKappa::CohenKappa(CohenKappaConfig c) : Metric(std::make_shared<KappaImpl>(c)) {}

IoU::IoU(IoUConfig c) : Metric(iou("IoU", c.sparse_y_true, c.target_class_ids, c)) {}
BinaryIoU::BinaryIoU(BinaryIoUConfig c) : Metric(std::make_shared<BinaryIoUImpl>(c)) {}
MeanIoU::MeanIoU(MeanIoUConfig c)
    : Metric(iou("MeanIoU", c.sparse_y_true, all_classes(c.num_classes), c)) {}
OneHotIoU::OneHotIoU(OneHotIoUConfig c) : Metric(iou("OneHotIoU", false, c.target_class_ids, c)) {}
OneHotMeanIoU::OneHotMeanIoU(OneHotMeanIoUConfig c)
    : Metric(iou("OneHotMeanIoU", false, all_classes(c.num_classes), c)) {}

}  // namespace danlu::metrics
