#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "danlu/core/array.h"
#include "danlu/io/json.h"
#include "danlu/nn/loss_functions.h"

namespace danlu {

/// A loss: a value per sample, then a reduction. Known names: those of the functions in
/// danlu/nn/loss_functions.h, Keras's class names, and mse, mae, mape, msle, bce, kld in small or
/// capital letters.
class Loss {
 public:
  enum class Reduction : uint8_t { sum_over_batch_size, sum, mean_with_sample_weight, none };
  /// Values per sample, and which of them count (bool, of their shape; undefined: all).
  struct Values {
    Values(Array values, Array mask = {}) : values(std::move(values)), mask(std::move(mask)) {}
    Array values, mask;
  };
  /// Values per sample from targets and predictions.
  using Function = std::function<Values(const Array& y_true, const Array& y_pred)>;

  /// Errors: ValueError, which lists the names, when there is none of this name.
  Loss(const std::string& name);
  Loss(const char* name) : Loss(std::string(name)) {}
  /// A function of one's own. Errors: ValueError for an unknown reduction.
  Loss(Function function, std::string name = "custom",
       const std::string& reduction = "sum_over_batch_size");
  /// The same as a class with a config, which `loss_from_config` knows.
  Loss(std::string class_name, Json config, Function function);

  const std::string& name() const { return name_; }
  /// "" for a function of one's own.
  const std::string& class_name() const { return class_name_; }
  /// The config as Keras's `get_config` gives it.
  const Json& get_config() const { return config_; }

  /// The reduced loss, of floats of 16 bits in `floatx()`: a scalar unless the reduction is "none".
  /// Values are multiplied by `sample_weight`, which broadcasts to them; where `mask` is false they
  /// count for nothing, also not in the number that a mean divides by. Errors: ShapeError naming
  /// the loss, when targets and predictions do not fit each other.
  Array operator()(const Array& y_true, const Array& y_pred, const Array& sample_weight = {},
                   const Array& mask = {}) const;

 private:
  std::string name_;
  std::string class_name_;
  Json config_;
  Function function_;
  Reduction reduction_ = Reduction::sum_over_batch_size;
};

/// A loss of class `class_name` ("Huber") with the config that `get_config` gave.
/// Errors: ValueError, which lists the classes, when there is none of this name; IoError for a
/// config of the wrong types.
Loss loss_from_config(const std::string& class_name, const Json& config);

/// The losses as classes; danlu/nn/loss_functions.h says what they compute and the shapes.
/// `reduction`: "sum_over_batch_size" or "mean" (over all values), "mean_with_sample_weight" (over
/// the sum of the weights), "sum" or "none". `name`, where empty, is the function's.
namespace losses {

struct ReductionConfig {
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("reduction", c.reduction);
  }
};

class MeanSquaredError : public Loss {
 public:
  MeanSquaredError(ReductionConfig config = {});
};
class MeanAbsoluteError : public Loss {
 public:
  MeanAbsoluteError(ReductionConfig config = {});
};
class MeanAbsolutePercentageError : public Loss {
 public:
  MeanAbsolutePercentageError(ReductionConfig config = {});
};
class MeanSquaredLogarithmicError : public Loss {
 public:
  MeanSquaredLogarithmicError(ReductionConfig config = {});
};
class LogCosh : public Loss {
 public:
  LogCosh(ReductionConfig config = {});
};
class KLDivergence : public Loss {
 public:
  KLDivergence(ReductionConfig config = {});
};
class Poisson : public Loss {
 public:
  Poisson(ReductionConfig config = {});
};
class Hinge : public Loss {
 public:
  Hinge(ReductionConfig config = {});
};
class SquaredHinge : public Loss {
 public:
  SquaredHinge(ReductionConfig config = {});
};
class CategoricalHinge : public Loss {
 public:
  CategoricalHinge(ReductionConfig config = {});
};

struct CosineSimilarityConfig {
  int64_t axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("axis", c.axis);
  }
};
class CosineSimilarity : public Loss {
 public:
  CosineSimilarity(CosineSimilarityConfig config = {});
};

struct HuberConfig {
  double delta = 1;
  std::string reduction = "sum_over_batch_size";
  std::string name;  ///< empty: huber_loss

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("delta", c.delta);
  }
};
class Huber : public Loss {
 public:
  Huber(HuberConfig config = {});
};

struct CrossentropyConfig {
  bool from_logits = false;    ///< predictions are logits, not probabilities
  double label_smoothing = 0;  ///< in [0, 1]: targets move this share towards uniform
  int64_t axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("from_logits", c.from_logits), v("label_smoothing", c.label_smoothing), v("axis", c.axis);
  }
};
/// Targets 0 or 1.
class BinaryCrossentropy : public Loss {
 public:
  BinaryCrossentropy(CrossentropyConfig config = {});
};
/// Targets are distributions.
class CategoricalCrossentropy : public Loss {
 public:
  CategoricalCrossentropy(CrossentropyConfig config = {});
};

struct BinaryFocalCrossentropyConfig {
  bool apply_class_balancing = false;
  double alpha = 0.25;
  double gamma = 2;
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    CrossentropyConfig::fields(c, v);
    v("apply_class_balancing", c.apply_class_balancing), v("alpha", c.alpha), v("gamma", c.gamma);
  }
};
class BinaryFocalCrossentropy : public Loss {
 public:
  BinaryFocalCrossentropy(BinaryFocalCrossentropyConfig config = {});
};

struct CategoricalFocalCrossentropyConfig {
  double alpha = 0.25;
  double gamma = 2;
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    CrossentropyConfig::fields(c, v);
    v("alpha", c.alpha), v("gamma", c.gamma);
  }
};
class CategoricalFocalCrossentropy : public Loss {
 public:
  CategoricalFocalCrossentropy(CategoricalFocalCrossentropyConfig config = {});
};

struct SparseCrossentropyConfig {
  bool from_logits = false;
  std::optional<int64_t> ignore_class;  ///< labels that cost nothing and count for nothing
  std::string reduction = "sum_over_batch_size";
  int64_t axis = -1;
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("from_logits", c.from_logits), v("ignore_class", c.ignore_class), v("axis", c.axis);
  }
};
class SparseCategoricalCrossentropy : public Loss {
 public:
  SparseCategoricalCrossentropy(SparseCrossentropyConfig config = {});
};

struct GeneralizedCrossEntropyConfig {
  double q = 0.5;  ///< in (0, 1)
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("q", c.q);
  }
};
/// Errors: ValueError for a q outside (0, 1).
class CategoricalGeneralizedCrossEntropy : public Loss {
 public:
  CategoricalGeneralizedCrossEntropy(GeneralizedCrossEntropyConfig config = {});
};

struct DiceConfig {
  std::string reduction = "sum_over_batch_size";
  std::string name;
  OverlapAxes axis;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("axis", c.axis);
  }
};
class Dice : public Loss {
 public:
  Dice(DiceConfig config = {});
};

struct TverskyConfig {
  double alpha = 0.5;
  double beta = 0.5;
  std::string reduction = "sum_over_batch_size";
  std::string name;
  OverlapAxes axis;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("alpha", c.alpha), v("beta", c.beta), v("axis", c.axis);
  }
};
class Tversky : public Loss {
 public:
  Tversky(TverskyConfig config = {});
};

struct CircleConfig {
  double gamma = 80;
  double margin = 0.4;
  bool remove_diagonal = true;
  std::string reduction = "sum_over_batch_size";
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    ReductionConfig::fields(c, v);
    v("gamma", c.gamma), v("margin", c.margin), v("remove_diagonal", c.remove_diagonal);
  }
};
/// Samples that cost nothing do not count in the mean.
class Circle : public Loss {
 public:
  Circle(CircleConfig config = {});
};

/// Targets are labels of sequences, padded with 0, which stands for nothing; predictions are logits
/// for each step.
class CTC : public Loss {
 public:
  CTC(ReductionConfig config = {});
};

}  // namespace losses
}  // namespace danlu
