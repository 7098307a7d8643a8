#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/metrics/configured_metric.h"

/// Metrics of classes against classes.
namespace danlu::metrics {

struct ConfusionMatrixConfig {
  int64_t num_classes = 2;
  std::string name;
  bool sparse_y_true = true;  ///< targets are class numbers, not rows with a number for each class
  bool sparse_y_pred = true;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("num_classes", c.num_classes);
    v("sparse_y_true", c.sparse_y_true), v("sparse_y_pred", c.sparse_y_pred);
  }
};
/// Weights of the samples of each class (rows) that were taken for each class (columns). Samples of
/// classes outside [0, num_classes) do not count. Not in Keras's core.
/// Errors: ValueError for num_classes < 1.
class ConfusionMatrix : public Metric {
 public:
  ConfusionMatrix(ConfusionMatrixConfig config = {});
};
/// Correlation of targets and predictions, in [−1, 1]; 0 where one of them is constant. Not in
/// Keras. Sources: Matthews (1975); Gorodkin (2004) for several classes.
class MatthewsCorrelation : public Metric {
 public:
  MatthewsCorrelation(ConfusionMatrixConfig config = {});
};

struct CohenKappaConfig {
  int64_t num_classes = 2;
  std::string weightage;  ///< what a confusion costs: "" (1), "linear" or "quadratic" distance
  std::string name;
  bool sparse_y_true = true;
  bool sparse_y_pred = true;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ConfusionMatrixConfig::fields(c, v);
    v("weightage", c.weightage);
  }
};
/// Agreement beyond chance; 0 where there is nothing to agree on. Not in Keras.
/// Source: Cohen (1960, 1968).
class CohenKappa : public Metric {
 public:
  CohenKappa(CohenKappaConfig config = {});
};

struct IoUConfig {
  int64_t num_classes = 2;
  std::vector<int64_t> target_class_ids = {0};
  std::string name;
  std::optional<int64_t> ignore_class;  ///< targets of this class do not count
  bool sparse_y_true = true;
  bool sparse_y_pred = true;
  int64_t axis = -1;  ///< of the classes, where not sparse

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("num_classes", c.num_classes), v("target_class_ids", c.target_class_ids);
    v("ignore_class", c.ignore_class), v("sparse_y_true", c.sparse_y_true);
    v("sparse_y_pred", c.sparse_y_pred), v("axis", c.axis);
  }
};
/// Intersection over union, true positives / (those, missed and wrong ones), averaged over the
/// classes that occur. Weights are cut to integers, as in Keras.
/// Errors: ValueError for a class that does not exist.
class IoU : public Metric {
 public:
  IoU(IoUConfig config);
};

struct BinaryIoUConfig {
  std::vector<int64_t> target_class_ids = {0, 1};
  double threshold = 0.5;  ///< predictions from it on count as 1
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("target_class_ids", c.target_class_ids), v("threshold", c.threshold);
  }
};
class BinaryIoU : public Metric {
 public:
  BinaryIoU(BinaryIoUConfig config = {});
};

struct MeanIoUConfig {
  int64_t num_classes = 2;
  std::string name;
  std::optional<int64_t> ignore_class;
  bool sparse_y_true = true;
  bool sparse_y_pred = true;
  int64_t axis = -1;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("num_classes", c.num_classes), v("ignore_class", c.ignore_class);
    v("sparse_y_true", c.sparse_y_true), v("sparse_y_pred", c.sparse_y_pred), v("axis", c.axis);
  }
};
/// IoU of all classes.
class MeanIoU : public Metric {
 public:
  MeanIoU(MeanIoUConfig config);
};

struct OneHotIoUConfig {
  int64_t num_classes = 2;
  std::vector<int64_t> target_class_ids = {0};
  std::string name;
  std::optional<int64_t> ignore_class;
  bool sparse_y_pred = false;
  int64_t axis = -1;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("num_classes", c.num_classes), v("target_class_ids", c.target_class_ids);
    v("ignore_class", c.ignore_class), v("sparse_y_pred", c.sparse_y_pred), v("axis", c.axis);
  }
};
class OneHotIoU : public Metric {
 public:
  OneHotIoU(OneHotIoUConfig config);
};

struct OneHotMeanIoUConfig {
  int64_t num_classes = 2;
  std::string name;
  std::optional<int64_t> ignore_class;
  bool sparse_y_pred = false;
  int64_t axis = -1;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("num_classes", c.num_classes), v("ignore_class", c.ignore_class);
    v("sparse_y_pred", c.sparse_y_pred), v("axis", c.axis);
  }
};
class OneHotMeanIoU : public Metric {
 public:
  OneHotMeanIoU(OneHotMeanIoUConfig config);
};

}  // namespace danlu::metrics
