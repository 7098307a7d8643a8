#pragma once

#include <functional>
#include <string>

#include "danlu/core/array.h"

namespace danlu {

/// Squared difference, averaged over the last axis. Shapes: alike (…, n) → (…).
/// Errors: ShapeError when the shapes differ.
Array mean_squared_error(const Array& y_true, const Array& y_pred);

/// A loss: a value per sample, then a reduction. Known names: mean_squared_error (mse),
/// binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy.
class Loss {
 public:
  enum class Reduction : uint8_t { sum_over_batch_size, sum, mean, none };
  /// Values per sample from targets and predictions.
  using Function = std::function<Array(const Array& y_true, const Array& y_pred)>;

  /// Errors: ValueError, which lists the names, when there is none of this name.
  Loss(const std::string& name);
  Loss(const char* name) : Loss(std::string(name)) {}
  /// A function of one's own. Errors: ValueError for an unknown reduction.
  Loss(Function function, std::string name = "custom",
       const std::string& reduction = "sum_over_batch_size");

  const std::string& name() const { return name_; }
  /// The reduced loss: a scalar unless the reduction is "none".
  /// Errors: ShapeError naming the loss, when targets and predictions do not fit each other.
  Array operator()(const Array& y_true, const Array& y_pred) const;
  /// The values before the reduction.
  Array per_sample(const Array& y_true, const Array& y_pred) const;

 private:
  std::string name_;
  Function function_;
  Reduction reduction_ = Reduction::sum_over_batch_size;
};

namespace losses {

/// `reduction`: "sum_over_batch_size" (the mean over all values), "sum", "mean" or "none".
struct ReductionConfig {
  std::string reduction = "sum_over_batch_size";
  std::string name;
};
struct SparseCrossentropyConfig {
  bool from_logits = false;  ///< predictions are logits, not probabilities
  std::string reduction = "sum_over_batch_size";
  std::string name;
};
struct CrossentropyConfig {
  bool from_logits = false;    ///< predictions are logits, not probabilities
  double label_smoothing = 0;  ///< in [0, 1]: targets move this share towards uniform
  std::string reduction = "sum_over_batch_size";
  std::string name;
};

class MeanSquaredError : public Loss {
 public:
  MeanSquaredError(ReductionConfig config = {});
};
/// Shapes: (…, n) both; targets 0 or 1. The mean over the last axis is the value per sample.
class BinaryCrossentropy : public Loss {
 public:
  BinaryCrossentropy(CrossentropyConfig config = {});
};
/// Shapes: (…, classes) both; targets are distributions.
class CategoricalCrossentropy : public Loss {
 public:
  CategoricalCrossentropy(CrossentropyConfig config = {});
};
/// Shapes: integer targets (…) or (…, 1), predictions (…, classes).
class SparseCategoricalCrossentropy : public Loss {
 public:
  SparseCategoricalCrossentropy(SparseCrossentropyConfig config = {});
};

}  // namespace losses

namespace internal {
/// Drops or adds a last axis of length 1 where the ranks differ by one, as Keras does.
void match_ranks(Array& y_true, Array& y_pred);
}  // namespace internal

}  // namespace danlu
