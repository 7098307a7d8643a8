#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/variable.h"
#include "danlu/io/json.h"

namespace danlu {

/// What a metric is made of: state in Variables, so that a training step accumulates it. Derive
/// from it for a metric of one's own.
class MetricImpl {
 public:
  explicit MetricImpl(std::string name) : name_(std::move(name)) {}
  virtual ~MetricImpl() = default;
  MetricImpl(const MetricImpl&) = delete;
  MetricImpl& operator=(const MetricImpl&) = delete;

  const std::string& name() const { return name_; }
  /// "" for a metric of one's own.
  virtual std::string_view class_name() const { return ""; }
  /// The config as Keras's `get_config` gives it, without the dtype.
  virtual Json get_config() const { return Json::object({{"name", name_}}); }
  const std::vector<Variable>& variables() const { return variables_; }
  /// Makes the variables whose shapes depend on the data's. Once is enough; updating does it by
  /// itself, but a compiled step needs it before.
  void ensure_built(const Shape& y_true, const Shape& y_pred);
  /// Adds a batch to the state. `sample_weight`, where defined, says what each sample counts.
  virtual void update_state(const Array& y_true, const Array& y_pred,
                            const Array& sample_weight = {}) = 0;
  /// The value of the state so far, lazily: a scalar, or one value for each class or threshold.
  virtual Array result() const = 0;
  /// The same as a number, read from the state. Errors: ShapeError when there are several.
  virtual double value() const;
  /// Every variable back to 0.
  void reset_state();

 protected:
  virtual void build(const Shape& /*y_true*/, const Shape& /*y_pred*/) {}
  Variable add_variable(std::string name, const Shape& shape = {});

 private:
  std::string name_;
  bool built_ = false;
  std::vector<Variable> variables_;
};

/// A handle on a metric; copies share the state. Known names: "accuracy" (acc), those of the
/// classes in danlu/nn/metrics.h and danlu/nn/metrics/, as "binary_accuracy" or "BinaryAccuracy",
/// and mse, mae, mape, msle, bce in small or capital letters. A metric made by name is called so.
///
/// "accuracy" becomes the binary, the sparse or the categorical one by the shapes of targets and
/// predictions, as in Keras.
class Metric {
 public:
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Metric(const std::string& name);
  Metric(const char* name) : Metric(std::string(name)) {}
  explicit Metric(std::shared_ptr<MetricImpl> impl) : impl_(std::move(impl)) {}
  MetricImpl* operator->() const { return impl_.get(); }

 private:
  std::shared_ptr<MetricImpl> impl_;
};

/// A metric of class `class_name` ("AUC") with the config that `get_config` gave.
/// Errors: ValueError, which lists the classes, when there is none of this name; IoError for a
/// config of the wrong types.
Metric metric_from_config(const std::string& class_name, const Json& config);

}  // namespace danlu
