#include "danlu/nn/losses.h"

#include <array>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using Function = Loss::Function;

void require_same_shape(const Array& y_true, const Array& y_pred, const char* hint) {
  if (y_true.shape() == y_pred.shape()) return;
  throw ShapeError(
      {.what = "Targets and predictions do not fit each other",
       .expected = "targets of shape " + y_pred.shape().to_string() + ", as the predictions",
       .received = y_true.shape().to_string(),
       .hint = hint});
}

Array as_dtype(const Array& x, DType dtype) { return x.dtype() == dtype ? x : cast(x, dtype); }

void check_smoothing(const std::string& name, double smoothing) {
  if (smoothing >= 0 && smoothing <= 1) return;
  throw ValueError({.where = name,
                    .what = "`label_smoothing` is out of range",
                    .expected = "a number in [0, 1]",
                    .received = number_text(smoothing)});
}

Array binary(const Array& y_true, const Array& y_pred, bool from_logits, double smoothing) {
  require_same_shape(y_true, y_pred, "the last layer needs as many units as a target has numbers");
  Array target = as_dtype(y_true, y_pred.dtype());
  if (smoothing > 0) target = target * (1 - smoothing) + 0.5 * smoothing;
  const Array each = binary_crossentropy(target, y_pred, {.from_logits = from_logits});
  return each.rank() > 0 ? mean(each, {-1}) : each;
}

Array categorical(const Array& y_true, const Array& y_pred, bool from_logits, double smoothing) {
  require_same_shape(y_true, y_pred,
                     "integer labels need the loss \"sparse_categorical_crossentropy\"");
  Array target = as_dtype(y_true, y_pred.dtype());
  if (smoothing > 0) {
    target = target * (1 - smoothing) + smoothing / static_cast<double>(y_pred.shape()[-1]);
  }
  return categorical_crossentropy(target, y_pred, {.from_logits = from_logits});
}

Array sparse(const Array& y_true, const Array& y_pred, bool from_logits) {
  Array labels = y_true;
  if (labels.rank() == y_pred.rank() && labels.rank() > 0 && labels.shape()[-1] == 1) {
    labels = squeeze(labels, -1);
  }
  const bool fits =
      y_pred.rank() > 0 && labels.shape() == y_pred.shape().without_axis(y_pred.rank() - 1);
  if (!fits) {
    throw ShapeError(
        {.what = "Labels and predictions do not fit each other",
         .expected = "one label for each row of the predictions " + y_pred.shape().to_string(),
         .received = y_true.shape().to_string(),
         .hint = "one-hot targets need the loss \"categorical_crossentropy\""});
  }
  if (!is_integer(labels.dtype())) labels = cast(labels, DType::int64);
  return sparse_categorical_crossentropy(labels, y_pred, {.from_logits = from_logits});
}

Loss::Reduction reduction_from_name(const std::string& where, const std::string& name) {
  if (name == "sum_over_batch_size") return Loss::Reduction::sum_over_batch_size;
  if (name == "sum") return Loss::Reduction::sum;
  if (name == "mean") return Loss::Reduction::mean;
  if (name == "none") return Loss::Reduction::none;
  throw ValueError({.where = where,
                    .what = "The reduction is unknown",
                    .expected = "\"sum_over_batch_size\", \"sum\", \"mean\" or \"none\"",
                    .received = "\"" + name + "\""});
}

Loss find_loss(const std::string& name) {
  if (name == "mean_squared_error" || name == "mse") return losses::MeanSquaredError();
  if (name == "binary_crossentropy") return losses::BinaryCrossentropy();
  if (name == "categorical_crossentropy") return losses::CategoricalCrossentropy();
  if (name == "sparse_categorical_crossentropy") return losses::SparseCategoricalCrossentropy();
  throw ValueError({.where = "loss",
                    .what = "There is no loss of this name",
                    .expected = "one of mean_squared_error, mse, binary_crossentropy, "
                                "categorical_crossentropy, sparse_categorical_crossentropy",
                    .received = "\"" + name + "\""});
}

std::string or_else(std::string name, const char* otherwise) {
  return name.empty() ? otherwise : std::move(name);
}

}  // namespace

namespace internal {

void match_ranks(Array& y_true, Array& y_pred) {
  const auto adapt = [](Array& longer, Array& shorter) {
    if (longer.rank() != shorter.rank() + 1 || longer.shape()[-1] != 1) return;
    if (shorter.rank() == 1) {
      shorter = expand_dims(shorter, -1);
    } else {
      longer = squeeze(longer, -1);
    }
  };
  if (y_true.rank() > y_pred.rank()) {
    adapt(y_true, y_pred);
  } else {
    adapt(y_pred, y_true);
  }
}

}  // namespace internal

Array mean_squared_error(const Array& y_true, const Array& y_pred) {
  require_same_shape(y_true, y_pred, "the last layer needs as many units as a target has numbers");
  const Array squares = square(y_pred - as_dtype(y_true, y_pred.dtype()));
  return squares.rank() > 0 ? mean(squares, {-1}) : squares;
}

Loss::Loss(const std::string& name) : Loss(find_loss(name)) {}

Loss::Loss(Function function, std::string name, const std::string& reduction)
    : name_(std::move(name)),
      function_(std::move(function)),
      reduction_(reduction_from_name(name_, reduction)) {}

Array Loss::per_sample(const Array& y_true, const Array& y_pred) const {
  return with_error_context(name_, [&] {
    Array target = y_true, prediction = y_pred;
    internal::match_ranks(target, prediction);
    return function_(target, prediction);
  });
}

Array Loss::operator()(const Array& y_true, const Array& y_pred) const {
  const Array each = per_sample(y_true, y_pred);
  if (reduction_ == Reduction::none) return each;
  return reduction_ == Reduction::sum ? sum(each) : mean(each);
}

namespace losses {

MeanSquaredError::MeanSquaredError(ReductionConfig c)
    : Loss([](const Array& t, const Array& p) { return mean_squared_error(t, p); },
           or_else(c.name, "mean_squared_error"), c.reduction) {}

BinaryCrossentropy::BinaryCrossentropy(CrossentropyConfig c)
    : Loss([c](const Array& t,
               const Array& p) { return binary(t, p, c.from_logits, c.label_smoothing); },
           or_else(c.name, "binary_crossentropy"), c.reduction) {
  check_smoothing(name(), c.label_smoothing);
}

CategoricalCrossentropy::CategoricalCrossentropy(CrossentropyConfig c)
    : Loss([c](const Array& t,
               const Array& p) { return categorical(t, p, c.from_logits, c.label_smoothing); },
           or_else(c.name, "categorical_crossentropy"), c.reduction) {
  check_smoothing(name(), c.label_smoothing);
}

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCrossentropyConfig c)
    : Loss([c](const Array& t, const Array& p) { return sparse(t, p, c.from_logits); },
           or_else(c.name, "sparse_categorical_crossentropy"), c.reduction) {}

}  // namespace losses
}  // namespace danlu
