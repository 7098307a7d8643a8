#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

constexpr double kEpsilon = 1e-7;

// log of each class's probability, from logits or from probabilities of any sum.
Array log_probabilities(const Array& output, bool from_logits) {
  if (from_logits) return log_softmax(output);
  return log(clip(output / sum(output, {-1}, true), kEpsilon, 1 - kEpsilon));
}

void require_classes(const char* where, const Array& output) {
  if (output.rank() > 0) return;
  throw ShapeError({.where = where,
                    .what = "The output has no axis of classes",
                    .expected = "shape (…, classes)",
                    .received = output.shape().to_string()});
}

void require_same_shape(const char* where, const Array& target, const Array& output,
                        const char* hint) {
  if (target.shape() == output.shape()) return;
  throw ShapeError({.where = where,
                    .what = "Target and output have different shapes",
                    .expected = "a target of shape " + output.shape().to_string(),
                    .received = target.shape().to_string(),
                    .hint = hint});
}

}  // namespace

Array categorical_crossentropy(const Array& target, const Array& output,
                               const CrossEntropyOptions& options) {
  const char* where = "categorical_crossentropy";
  require_classes(where, output);
  const Array y = moveaxis(elementwise::as_float(output), {options.axis}, {-1});
  require_same_shape(where, target, output,
                     "for labels that are class numbers use sparse_categorical_crossentropy");
  const Array t = moveaxis(cast(target, y.dtype()), {options.axis}, {-1});
  return -sum(t * log_probabilities(y, options.from_logits), {-1});
}

Array sparse_categorical_crossentropy(const Array& target, const Array& output,
                                      const CrossEntropyOptions& options) {
  const char* where = "sparse_categorical_crossentropy";
  require_classes(where, output);
  const Array y = moveaxis(elementwise::as_float(output), {options.axis}, {-1});
  const Shape samples = y.shape().without_axis(-1);
  Array labels = target;
  // A column of labels is taken as the labels themselves, as Keras does.
  if (labels.rank() == y.rank() && labels.shape()[-1] == 1) labels = squeeze(labels, -1);
  if (labels.shape() != samples) {
    throw ShapeError({.where = where,
                      .what = "There must be one label per sample",
                      .expected = "labels of shape " + samples.to_string() +
                                  " for an output of shape " + y.shape().to_string(),
                      .received = target.shape().to_string(),
                      .hint = "for one-hot targets use categorical_crossentropy"});
  }
  const Array chosen = internal::one_hot_of_labels(labels, y.shape()[-1], DType::bool_);
  // Selecting, not multiplying: a class with probability 0 that is not the label costs nothing.
  const Array zero = Array::scalar(0, y.dtype());
  return -sum(danlu::where(chosen, log_probabilities(y, options.from_logits), zero), {-1});
}

Array binary_crossentropy(const Array& target, const Array& output,
                          const CrossEntropyOptions& options) {
  const Array x = elementwise::as_float(output);
  require_same_shape("binary_crossentropy", target, x, "reshape one of them");
  const Array z = cast(target, x.dtype());
  if (options.from_logits) return maximum(x, 0) - x * z + log1p(exp(-abs(x)));
  const Array p = clip(x, kEpsilon, 1 - kEpsilon);
  return -(z * log(p) + (1 - z) * log(1 - p));
}

}  // namespace danlu
