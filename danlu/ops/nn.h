#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "danlu/core/array.h"
#include "danlu/ops/reduction.h"

/// Softmax and the cross-entropies, per sample (no reduction); all are compositions or composite
/// ops that the compiler fuses.
namespace danlu {

Array softmax(const Array& x, int64_t axis = -1);
Array log_softmax(const Array& x, int64_t axis = -1);
/// The probabilities nearest to x: like softmax, but small ones are 0 (Martins and Astudillo 2016).
Array sparsemax(const Array& x, int64_t axis = -1);
/// Over several axes together.
Array softmax(const Array& x, const Axes& axis);
Array log_softmax(const Array& x, const Axes& axis);

struct CrossEntropyOptions {
  bool from_logits = false;
  int64_t axis = -1;  ///< of the classes
};

/// Shapes: target, output (…, classes) → (…). Probabilities are normalized to sum 1 and clipped to
/// [1e-7, 1 − 1e-7], as Keras does.
Array categorical_crossentropy(const Array& target, const Array& output,
                               const CrossEntropyOptions& options = {});
/// Shapes: integer target (…), output (…, classes) → (…). Errors at run time: ValueError for a
/// label outside [0, classes).
Array sparse_categorical_crossentropy(const Array& target, const Array& output,
                                      const CrossEntropyOptions& options = {});
/// Shapes: target and output alike, elementwise.
Array binary_crossentropy(const Array& target, const Array& output,
                          const CrossEntropyOptions& options = {});

/// Activations, elementwise; integers become float32.
/// min(max(x, 0), 6)
Array relu6(const Array& x);
/// x, or negative_slope · x below 0.
Array leaky_relu(const Array& x, double negative_slope = 0.2);
/// x, or alpha · (exp(x) − 1) below 0.
Array elu(const Array& x, double alpha = 1);
/// x, or alpha · (exp(x / alpha) − 1) below 0.
Array celu(const Array& x, double alpha = 1);
/// Scaled elu (Klambauer et al. 2017).
Array selu(const Array& x);
/// x Φ(x) (Hendrycks and Gimpel 2016), Φ by tanh when `approximate`.
Array gelu(const Array& x, bool approximate = true);
/// x · sigmoid(x); `swish` is the same.
Array silu(const Array& x);
inline Array swish(const Array& x) { return silu(x); }
/// The first half along `axis` times the sigmoid of the second. Errors: ShapeError for an odd axis.
Array glu(const Array& x, int64_t axis = -1);
/// relu6(x + 3) / 6
Array hard_sigmoid(const Array& x);
/// x · hard_sigmoid(x); `hard_swish` is the same.
Array hard_silu(const Array& x);
inline Array hard_swish(const Array& x) { return hard_silu(x); }
/// x limited to [−1, 1].
Array hard_tanh(const Array& x);
/// x, or 0 where |x| ≤ threshold.
Array hard_shrink(const Array& x, double threshold = 0.5);
/// x moved towards 0 by `threshold`, at most to 0.
Array soft_shrink(const Array& x, double threshold = 0.5);
/// x − tanh(x)
Array tanh_shrink(const Array& x);
/// x, or default_value where x ≤ threshold.
Array threshold(const Array& x, double threshold, double default_value);
/// x / (1 + |x|)
Array softsign(const Array& x);
/// log(sigmoid(x)), without overflow.
Array log_sigmoid(const Array& x);
/// (x + √(x² + b)) / 2
Array squareplus(const Array& x, double b = 4);
/// 0 below −1, x above 1, (x + 1)² / 4 between.
Array sparse_plus(const Array& x);
/// (x + 1) / 2 limited to [0, 1].
Array sparse_sigmoid(const Array& x);

/// Mean and variance over `axes`. bfloat16 is computed in float32.
std::pair<Array, Array> moments(const Array& x, const Axes& axes, bool keepdims = false);

struct BatchNormalizationOptions {
  std::optional<Array> offset = {};
  std::optional<Array> scale = {};
  double epsilon = 1e-3;
};
/// (x − mean) / √(variance + epsilon) · scale + offset.
/// Shapes: mean, variance, offset, scale as axis `axis` of x.
Array batch_normalization(const Array& x, const Array& mean, const Array& variance, int64_t axis,
                          const BatchNormalizationOptions& options = {});

struct LayerNormalizationOptions {
  std::optional<Array> gamma = {};
  std::optional<Array> beta = {};
  Axes axis = {-1};
  double epsilon = 1e-7;
};
/// x with mean 0 and variance 1 over `axis`, times gamma, plus beta (Ba, Kiros, Hinton 2016).
Array layer_normalization(const Array& x, const LayerNormalizationOptions& options = {});

struct RmsNormalizationOptions {
  std::optional<Array> scale = {};
  Axes axis = {-1};
  double epsilon = 1e-7;
};
/// x / √(mean(x²) + epsilon) · scale over `axis` (Zhang and Sennrich 2019).
Array rms_normalization(const Array& x, const RmsNormalizationOptions& options = {});
/// x / max(‖x‖, epsilon) over `axis`, the norm being that of `order`.
Array normalize(const Array& x, const Axes& axis = {-1}, int64_t order = 2, double epsilon = 1e-7);
/// Peak signal-to-noise ratio in dB: 20 log₁₀(max_val) − 10 log₁₀(mean((x1 − x2)²)).
Array psnr(const Array& x1, const Array& x2, double max_val);

/// Channels moved into blocks of pixels and back. Shapes: (n, h, w, c b²) ↔ (n, h b, w b, c).
Array depth_to_space(const Array& x, int64_t block_size);
Array space_to_depth(const Array& x, int64_t block_size);
/// Per axis, height and width.
struct PatchOptions {
  std::array<int64_t, 2> dilation = {1, 1};
  std::array<int64_t, 2> padding = {0, 0};  ///< zeros on both sides
  std::array<int64_t, 2> stride = {1, 1};
};
/// Windows of images as columns. Shapes: (n, c, h, w) → (n, c · kh · kw, windows).
/// Errors: ShapeError when no window fits.
Array unfold(const Array& x, const std::array<int64_t, 2>& kernel_size,
             const PatchOptions& options = {});
/// The transpose of unfold: windows added up into images of `output_size`.
Array fold(const Array& x, const std::array<int64_t, 2>& output_size,
           const std::array<int64_t, 2>& kernel_size, const PatchOptions& options = {});
/// 1 at every class that axis 1 of `x` (of a vector: axis 0) names, 0 elsewhere.
Array multi_hot(const Array& x, int64_t num_classes, int64_t axis = -1,
                DType dtype = DType::float32);

/// Connectionist temporal classification: −log of the probability that the model spells `target`,
/// summed over all ways to do so: labels may stay for several steps, and the class `mask_index`
/// between them stands for nothing. `output` holds logits. Labels behind `target_length` and steps
/// behind `output_length` do not count. What cannot be spelled costs 1e5 per obstacle, as in Keras.
/// Shapes: integer target (batch, labels), output (batch, steps, classes), two integer lengths
/// (batch,) → (batch,), float32 or float64.
/// Errors: ShapeError, DTypeError; ValueError for a mask_index that is no class and, at run time,
/// for a label that is none. Source: Graves, Fernández, Gomez, Schmidhuber (2006).
Array ctc_loss(const Array& target, const Array& output, const Array& target_length,
               const Array& output_length, int64_t mask_index = 0);

struct CtcDecodeOptions {
  /// "greedy": the most probable class of each step; "beam_search": the most probable labels of
  /// those among `beam_width` that were so at each step.
  std::string strategy = "greedy";
  int64_t beam_width = 100;
  int64_t top_paths = 1;       ///< of a beam search: how many label sequences are returned
  bool merge_repeated = true;  ///< greedy: equal neighbours count once
  int64_t mask_index = 0;
};
/// Label sequences from logits, −1 behind each, and their scores: of a greedy search −Σ of the
/// greatest logits, of a beam search the logarithms of the probabilities (−∞ and no labels where
/// there are fewer sequences). Steps behind `sequence_lengths` do not count.
/// Shapes: inputs (batch, steps, classes), integer sequence_lengths (batch,) → int32 (paths, batch,
/// steps), (batch, paths), with 1 path for a greedy search. No gradient passes a beam search.
/// Errors: ShapeError; ValueError for another strategy, a mask_index that is no class, or unless
/// 1 ≤ top_paths ≤ beam_width.
std::pair<Array, Array> ctc_decode(const Array& inputs, const Array& sequence_lengths,
                                   const CtcDecodeOptions& options = {});

/// Distances of all points of x from all of y. Shapes: (…, m, d), (…, n, d) → (…, m, n).
Array cdist(const Array& x, const Array& y);
/// Windows of a signal, `sequence_stride` apart. Shapes: (…, n) → (…, windows, sequence_length).
Array extract_sequences(const Array& x, int64_t sequence_length, int64_t sequence_stride);

}  // namespace danlu
