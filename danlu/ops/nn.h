#pragma once

#include "danlu/core/array.h"

/// Softmax and the cross-entropies, per sample (no reduction); all are compositions or composite
/// ops that the compiler fuses.
namespace danlu {

Array softmax(const Array& x, int64_t axis = -1);
Array log_softmax(const Array& x, int64_t axis = -1);

struct CrossEntropyOptions {
  bool from_logits = false;
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

}  // namespace danlu
