#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "danlu/core/shape.h"

namespace danlu::cpu {

/// A batch of matrices in the last two axes.
struct Matrices {
  int64_t count = 1, rows = 0, columns = 0;

  explicit Matrices(const Shape& shape) : rows(shape[-2]), columns(shape[-1]) {
    for (int i = 0; i < shape.rank() - 2; ++i) count *= shape[i];
  }
  int64_t size() const { return rows * columns; }
  int64_t smaller() const { return std::min(rows, columns); }
};

/// −1 where the greatest of n elements, `stride` apart (the first of equals), is negative, else 1.
template <class T>
T sign_of_greatest(const T* x, int64_t n, int64_t stride) {
  T greatest = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (std::abs(x[i * stride]) > std::abs(greatest)) greatest = x[i * stride];
  }
  return greatest < 0 ? T(-1) : T(1);
}

template <class T>
void scale(T* x, int64_t n, int64_t stride, T factor) {
  for (int64_t i = 0; i < n; ++i) x[i * stride] *= factor;
}

/// Columns of u (m, k) and rows of vh (k, n) with the signs that the op promises.
template <class T>
void fix_signs(T* u, T* vh, int64_t m, int64_t n, int64_t k) {
  for (int64_t j = 0; j < k; ++j) {
    const T sign = sign_of_greatest(u + j, m, k);
    scale(u + j, m, k, sign);
    scale(vh + j * n, n, 1, sign);
  }
}

/// to (columns, rows) = the transpose of from (rows, columns).
template <class To, class From>
void transpose_into(To* to, const From* from, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t s = 0; s < columns; ++s) to[s * rows + r] = static_cast<To>(from[r * columns + s]);
  }
}

/// to = (from + fromᵀ)/2, of order n.
template <class To, class From>
void symmetrize(To* to, const From* from, int64_t n) {
  for (int64_t r = 0; r < n; ++r) {
    for (int64_t s = 0; s < n; ++s) {
      to[r * n + s] = (static_cast<To>(from[r * n + s]) + static_cast<To>(from[s * n + r])) / 2;
    }
  }
}

/// The order of the rows (int32) after row i has been exchanged with row pivots[i], i = 0, 1, ….
inline void order_of_pivots(const int32_t* pivots, int32_t* order, int64_t n) {
  for (int64_t i = 0; i < n; ++i) order[i] = static_cast<int32_t>(i);
  for (int64_t i = 0; i < n; ++i) std::swap(order[i], order[pivots[i]]);
}

}  // namespace danlu::cpu
