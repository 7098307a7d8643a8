#pragma once

#include "danlu/core/array.h"

namespace danlu {

struct MatmulOptions {
  bool transpose_a = false;  ///< use the transpose of a's last two axes
  bool transpose_b = false;
};

/// Matrix product over the last two axes, the others broadcast; vectors as in NumPy.
/// Shapes: (…, m, k) × (…, k, n) → (…, m, n). Errors: ShapeError, DTypeError.
Array matmul(const Array& a, const Array& b, const MatmulOptions& options = {});

}  // namespace danlu
