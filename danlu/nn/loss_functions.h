#pragma once

#include <optional>
#include <vector>

#include "danlu/core/array.h"

/// The losses as functions: a value per sample, not reduced. Targets take the dtype of the
/// predictions; ranks that differ by a last axis of length 1 are matched. Where nothing else is
/// said both have one shape (…, n), of which the last axis is averaged. Errors: ShapeError when
/// they do not fit each other.
namespace danlu::losses {

/// (y_true − y_pred)².
Array mean_squared_error(const Array& y_true, const Array& y_pred);
/// |y_true − y_pred|.
Array mean_absolute_error(const Array& y_true, const Array& y_pred);
/// 100 |(y_true − y_pred) / max(|y_true|, 1e-7)|.
Array mean_absolute_percentage_error(const Array& y_true, const Array& y_pred);
/// (log(y_true + 1) − log(y_pred + 1))², both at least 1e-7.
Array mean_squared_logarithmic_error(const Array& y_true, const Array& y_pred);
/// Σ −y_true · y_pred of vectors of length 1: −1 where they agree. Not averaged.
Array cosine_similarity(const Array& y_true, const Array& y_pred, int64_t axis = -1);
/// Half the square of the error up to `delta`, then a line. Source: Huber (1964).
Array huber(const Array& y_true, const Array& y_pred, double delta = 1);
/// log(cosh(y_pred − y_true)).
Array log_cosh(const Array& y_true, const Array& y_pred);
/// Σ y_true log(y_true / y_pred), both limited to [1e-7, 1]. Not averaged.
Array kl_divergence(const Array& y_true, const Array& y_pred);
/// y_pred − y_true log(y_pred + 1e-7).
Array poisson(const Array& y_true, const Array& y_pred);

/// max(1 − y_true · y_pred, 0); targets that are all 0 or 1 are taken as −1 and 1.
Array hinge(const Array& y_true, const Array& y_pred);
Array squared_hinge(const Array& y_true, const Array& y_pred);
/// max(0, neg − pos + 1), pos being Σ y_true · y_pred and neg max (1 − y_true) · y_pred.
Array categorical_hinge(const Array& y_true, const Array& y_pred);

struct CrossentropyOptions {
  bool from_logits = false;    ///< predictions are logits, not probabilities
  double label_smoothing = 0;  ///< in [0, 1]: targets move this share towards uniform
  int64_t axis = -1;           ///< of the classes; of binary ones, what is averaged
};
Array binary_crossentropy(const Array& y_true, const Array& y_pred,
                          const CrossentropyOptions& options = {});
Array categorical_crossentropy(const Array& y_true, const Array& y_pred,
                               const CrossentropyOptions& options = {});

struct FocalOptions {
  double gamma = 2;  ///< how much easy samples are held down
  double alpha = 0.25;
  bool apply_class_balancing = false;  ///< of the binary one: weigh by alpha and 1 − alpha
};
/// Cross-entropy times (1 − p of the target)^gamma. Source: Lin et al. (2018).
Array binary_focal_crossentropy(const Array& y_true, const Array& y_pred,
                                const FocalOptions& focal = {},
                                const CrossentropyOptions& options = {});
/// The same over classes, always times alpha.
Array categorical_focal_crossentropy(const Array& y_true, const Array& y_pred,
                                     const FocalOptions& focal = {},
                                     const CrossentropyOptions& options = {});

struct SparseCrossentropyOptions {
  bool from_logits = false;
  std::optional<int64_t> ignore_class;  ///< labels that cost nothing
  int64_t axis = -1;
};
/// Shapes: integer y_true (…) or (…, 1), y_pred (…, classes) → (…).
Array sparse_categorical_crossentropy(const Array& y_true, const Array& y_pred,
                                      const SparseCrossentropyOptions& options = {});
/// (1 − p^q) / q of the label's probability p. Shapes: integer y_true (n) or (n, 1), y_pred
/// (n, classes) → (n). Source: Zhang and Sabuncu (2018).
Array categorical_generalized_cross_entropy(const Array& y_true, const Array& y_pred,
                                            double q = 0.5);

/// Axes to sum over; none: all.
using OverlapAxes = std::optional<std::vector<int64_t>>;
/// 1 − 2 Σ y_true · y_pred / (Σ y_true + Σ y_pred).
Array dice(const Array& y_true, const Array& y_pred, const OverlapAxes& axis = {});
/// 1 − o / (o + alpha · missed + beta · wrong), o being the overlap. Source: Salehi et al. (2017).
Array tversky(const Array& y_true, const Array& y_pred, double alpha = 0.5, double beta = 0.5,
              const OverlapAxes& axis = {});
/// Pairs of samples with the same label are drawn together, others apart. Shapes: labels (n) or
/// (n, 1), embeddings of length 1 (n, d) → (n). Source: Sun et al. (2020).
Array circle(const Array& y_true, const Array& y_pred, double gamma = 80, double margin = 0.4,
             bool remove_diagonal = true);

/// −log of the probability of all ways to say a sequence of labels. As many labels count as are not
/// 0, which stands for "nothing", and all steps. Shapes: labels (batch, labels), logits (batch,
/// time, classes) → (batch). Errors: ShapeError for other ranks. Source: Graves et al. (2006).
Array ctc(const Array& y_true, const Array& y_pred);

}  // namespace danlu::losses

namespace danlu::internal {
/// Floats of 16 bits as `floatx()`, in which losses and metrics compute.
Array in_full_precision(const Array& x);
/// Drops or adds a last axis of length 1 where the ranks differ by one, as Keras does.
void match_ranks(Array& a, Array& b);
/// Labels without a last axis of length 1 at `axis`, as integers.
/// Errors: ShapeError unless there is one for each place of the predictions.
Array class_labels(const Array& y_true, const Array& y_pred, int64_t axis = -1);
}  // namespace danlu::internal
