#include "danlu/nn/loss_functions.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace internal {

Array in_full_precision(const Array& x) {
  const bool half = is_floating(x.dtype()) && size_of(x.dtype()) < 4;
  return half ? cast(x, floatx()) : x;
}

void match_ranks(Array& a, Array& b) {
  const auto adapt = [](Array& longer, Array& shorter) {
    if (longer.rank() != shorter.rank() + 1 || longer.shape()[-1] != 1) return;
    if (shorter.rank() == 1) {
      shorter = expand_dims(shorter, -1);
    } else {
      longer = squeeze(longer, -1);
    }
  };
  if (a.rank() > b.rank()) {
    adapt(a, b);
  } else {
    adapt(b, a);
  }
}

Array class_labels(const Array& y_true, const Array& y_pred, int64_t axis) {
  Array labels = y_true;
  const int last = y_pred.rank() - 1;
  if (last >= 0) axis = normalize_axis(axis, y_pred.rank(), "axis");
  const bool column =
      last >= 0 && labels.rank() == y_pred.rank() && labels.shape()[static_cast<int>(axis)] == 1;
  if (column) labels = squeeze(labels, axis);
  if (last < 0 || labels.shape() != y_pred.shape().without_axis(static_cast<int>(axis))) {
    throw ShapeError(
        {.what = "Labels and predictions do not fit each other",
         .expected = "one label for each row of the predictions " + y_pred.shape().to_string(),
         .received = y_true.shape().to_string(),
         .hint = "one-hot targets need the loss \"categorical_crossentropy\""});
  }
  return is_integer(labels.dtype()) ? labels : cast(labels, DType::int64);
}

}  // namespace internal

namespace losses {
namespace {

constexpr double kEpsilon = 1e-7;
constexpr const char* kUnits = "the last layer needs as many units as a target has numbers";

struct Operands {
  Array target, prediction;
};

/// Both in the predictions' dtype and one shape.
Operands operands(const Array& y_true, const Array& y_pred, const char* hint = kUnits) {
  Operands o{y_true, y_pred};
  if (!is_floating(y_pred.dtype())) o.prediction = cast(y_pred, DType::float32);
  if (y_true.dtype() != o.prediction.dtype()) o.target = cast(y_true, o.prediction.dtype());
  internal::match_ranks(o.target, o.prediction);
  if (o.target.shape() == o.prediction.shape()) return o;
  throw ShapeError(
      {.what = "Targets and predictions do not fit each other",
       .expected = "targets of shape " + o.prediction.shape().to_string() + ", as the predictions",
       .received = o.target.shape().to_string(),
       .hint = hint});
}

Array mean_over(const Array& x, int64_t axis = -1) { return x.rank() > 0 ? mean(x, {axis}) : x; }
Array sum_over(const Array& x, int64_t axis = -1) { return x.rank() > 0 ? sum(x, {axis}) : x; }

/// Targets of 0 and 1 as −1 and 1; others as they are.
Array signs_of(const Array& target) {
  const Array binary = all(target == 0.0 || target == 1.0);
  return where(binary, 2.0 * target - 1.0, target);
}

Array hinge_distances(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return maximum(1.0 - signs_of(target) * prediction, 0.0);
}

Array smoothed(const Array& target, double smoothing) {
  if (smoothing == 0) return target;
  return target * (1 - smoothing) + 0.5 * smoothing;
}

Operands classes(const Array& y_true, const Array& y_pred, double smoothing) {
  Operands o =
      operands(y_true, y_pred, "integer labels need the loss \"sparse_categorical_crossentropy\"");
  if (smoothing > 0) {
    o.target =
        o.target * (1 - smoothing) + smoothing / static_cast<double>(o.prediction.shape()[-1]);
  }
  return o;
}

}  // namespace

Array mean_squared_error(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return mean_over(square(prediction - target));
}

Array mean_absolute_error(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return mean_over(abs(target - prediction));
}

Array mean_absolute_percentage_error(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return 100.0 * mean_over(abs((target - prediction) / maximum(abs(target), kEpsilon)));
}

Array mean_squared_logarithmic_error(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  const auto logarithm = [](const Array& x) { return log(maximum(x, kEpsilon) + 1.0); };
  return mean_over(square(logarithm(prediction) - logarithm(target)));
}

Array cosine_similarity(const Array& y_true, const Array& y_pred, int64_t axis) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return -sum_over(normalize(target, {axis}) * normalize(prediction, {axis}), axis);
}

Array huber(const Array& y_true, const Array& y_pred, double delta) {
  const auto [target, prediction] = operands(y_true, y_pred);
  const Array error = prediction - target, size = abs(error);
  return mean_over(where(size <= delta, 0.5 * square(error), delta * size - 0.5 * delta * delta));
}

Array log_cosh(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  const Array error = prediction - target;
  return mean_over(error + softplus(error * -2.0) - std::numbers::ln2);
}

Array kl_divergence(const Array& y_true, const Array& y_pred) {
  auto [target, prediction] = operands(y_true, y_pred);
  target = clip(target, kEpsilon, 1.0);
  prediction = clip(prediction, kEpsilon, 1.0);
  return sum_over(target * log(target / prediction));
}

Array poisson(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return mean_over(prediction - target * log(prediction + kEpsilon));
}

Array hinge(const Array& y_true, const Array& y_pred) {
  return mean_over(hinge_distances(y_true, y_pred));
}

Array squared_hinge(const Array& y_true, const Array& y_pred) {
  return mean_over(square(hinge_distances(y_true, y_pred)));
}

Array categorical_hinge(const Array& y_true, const Array& y_pred) {
  const auto [target, prediction] = operands(y_true, y_pred);
  const Array right = sum_over(target * prediction);
  const Array wrong = max((1.0 - target) * prediction, {-1});
  return maximum(wrong - right + 1.0, 0.0);
}

Array binary_crossentropy(const Array& y_true, const Array& y_pred,
                          const CrossentropyOptions& options) {
  const auto [target, prediction] = operands(y_true, y_pred);
  return mean_over(danlu::binary_crossentropy(smoothed(target, options.label_smoothing), prediction,
                                              {.from_logits = options.from_logits}),
                   options.axis);
}

Array categorical_crossentropy(const Array& y_true, const Array& y_pred,
                               const CrossentropyOptions& options) {
  const auto [target, prediction] = classes(y_true, y_pred, options.label_smoothing);
  return danlu::categorical_crossentropy(
      target, prediction, {.from_logits = options.from_logits, .axis = options.axis});
}

Array binary_focal_crossentropy(const Array& y_true, const Array& y_pred, const FocalOptions& focal,
                                const CrossentropyOptions& options) {
  auto [target, p] = operands(y_true, y_pred);
  target = smoothed(target, options.label_smoothing);
  if (options.from_logits) p = sigmoid(p);
  const Array right = target * p + (1.0 - target) * (1.0 - p);
  Array each = power(1.0 - right, focal.gamma) * danlu::binary_crossentropy(target, p);
  if (focal.apply_class_balancing) {
    each = (target * focal.alpha + (1.0 - target) * (1 - focal.alpha)) * each;
  }
  return mean_over(each, options.axis);
}

Array categorical_focal_crossentropy(const Array& y_true, const Array& y_pred,
                                     const FocalOptions& focal,
                                     const CrossentropyOptions& options) {
  auto [target, p] = classes(y_true, y_pred, options.label_smoothing);
  if (options.from_logits) p = softmax(p, options.axis);
  p = clip(p / sum(p, {options.axis}, true), kEpsilon, 1 - kEpsilon);
  const Array each = power(1.0 - p, focal.gamma) * focal.alpha * (-target * log(p));
  return sum(each, {options.axis});
}

Array sparse_categorical_crossentropy(const Array& y_true, const Array& y_pred,
                                      const SparseCrossentropyOptions& options) {
  Array labels = internal::class_labels(y_true, y_pred, options.axis);
  Array prediction = y_pred, counts;
  if (options.ignore_class) {
    counts = labels != *options.ignore_class;
    labels = where(counts, labels, zeros_like(labels));
    // Anything that has a finite gradient: what comes of it is not used.
    prediction = where(expand_dims(counts, options.axis), prediction, ones_like(prediction));
  }
  const Array each = danlu::sparse_categorical_crossentropy(
      labels, prediction, {.from_logits = options.from_logits, .axis = options.axis});
  return counts.defined() ? where(counts, each, zeros_like(each)) : each;
}

Array categorical_generalized_cross_entropy(const Array& y_true, const Array& y_pred, double q) {
  const Array labels = internal::class_labels(y_true, y_pred);
  const Array chosen = internal::one_hot_of_labels(labels, y_pred.shape()[-1], y_pred.dtype());
  return (1.0 - power(sum(y_pred * chosen, {-1}), q)) / q;
}

Array dice(const Array& y_true, const Array& y_pred, const OverlapAxes& axis) {
  const auto [target, prediction] = operands(y_true, y_pred);
  const Axes axes = axis.value_or(Axes{});
  const Array overlap = sum(target * prediction, axes);
  return 1.0 - 2.0 * overlap / (sum(target, axes) + sum(prediction, axes) + kEpsilon);
}

Array tversky(const Array& y_true, const Array& y_pred, double alpha, double beta,
              const OverlapAxes& axis) {
  const auto [target, prediction] = operands(y_true, y_pred);
  const Axes axes = axis.value_or(Axes{});
  const Array overlap = sum(target * prediction, axes);
  const Array missed = sum((1.0 - prediction) * target, axes);
  const Array wrong = sum(prediction * (1.0 - target), axes);
  return 1.0 - overlap / (overlap + missed * alpha + wrong * beta + kEpsilon);
}

Array circle(const Array& y_true, const Array& y_pred, double gamma, double margin,
             bool remove_diagonal) {
  const Array labels = internal::class_labels(y_true, y_pred);
  const int64_t n = labels.size();
  const Array distance =
      maximum(1.0 - matmul(y_pred, y_pred, {.transpose_b = true}), 0.0);  // (n, n)
  const Array same = reshape(labels, Shape{n, 1}) == reshape(labels, Shape{1, n});
  const Array pulls = remove_diagonal ? same && !eye(n, n, 0, DType::bool_) : same;
  const Array pushes = !same;
  const auto logits = [&](const Array& pairs, const Array& weight, const Array& scaled) {
    const double lowest = -std::numeric_limits<double>::infinity();
    const Array counted = maximum(weight * cast(pairs, distance.dtype()), 0.0);
    return logsumexp(where(pairs, gamma * counted * scaled, lowest), {1});
  };
  const Array near = logits(pulls, margin + distance, distance - margin);
  const Array far = logits(pushes, 1 + margin - distance, 1 - margin - distance);
  return softplus(near + far);
}

Array ctc(const Array& y_true, const Array& y_pred) {
  if (y_true.rank() != 2 || y_pred.rank() != 3) {
    throw ShapeError(
        {.what = "Labels or predictions have a wrong number of axes",
         .expected = "labels (batch, labels), predictions (batch, time, classes)",
         .received = y_true.shape().to_string() + " and " + y_pred.shape().to_string()});
  }
  const Array labels = cast(y_true, DType::int32);
  const Array count = sum(cast(labels != 0, DType::int32), {-1});
  const Array steps = full({y_pred.shape()[0]}, y_pred.shape()[1], DType::int32);
  return ctc_loss(labels, y_pred, count, steps);
}

}  // namespace losses
}  // namespace danlu
