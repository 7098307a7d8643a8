#pragma once

#include "danlu/base/thread.h"
#include "danlu/core/shape.h"

namespace danlu::cpu {

/// The rows of an Array along one axis: `length` elements, `stride` apart.
struct Rows {
  int64_t outer = 1, length = 1, stride = 1;

  Rows() = default;
  Rows(const Shape& shape, int64_t axis) : length(shape[static_cast<int>(axis)]) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (i < axis) outer *= shape[i];
      if (i > axis) stride *= shape[i];
    }
  }
  int64_t count() const { return outer * stride; }
  /// Where row `row` begins.
  int64_t begin(int64_t row) const { return row / stride * length * stride + row % stride; }
};

/// `body(row, chunk)` for each row, on up to `threads` threads; `chunk` < `threads` names scratch.
template <class Body>
void for_each_row(const Rows& rows, int threads, Body&& body) {
  parallel_chunks(threads, [&](int chunk) {
    const Range range = chunk_range(rows.count(), threads, chunk);
    for (int64_t row = range.begin; row < range.end; ++row) body(row, chunk);
  });
}

}  // namespace danlu::cpu
