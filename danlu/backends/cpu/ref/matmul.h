#pragma once

#include <vector>

#include "danlu/ops/linalg/matmul_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef matmul();

/// A batch of matrix products as plain numbers: sizes, strides of the elements, and where each
/// matrix of the batch begins.
struct MatmulGeometry {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row = 0, a_column = 0;            ///< element strides of a (m × k)
  int64_t b_row = 0, b_column = 0;            ///< element strides of b (k × n)
  std::vector<int64_t> a_offsets, b_offsets;  ///< one per product

  MatmulGeometry(const Shape& a, const Shape& b, const Shape& out, const MatmulAttrs& attrs);
};

/// One row of a product, accumulated in double (int64 for integers).
template <class T, class Sum>
void matmul_row(const MatmulGeometry& g, const T* a, const T* b, int64_t row, Sum* sums) {
  for (int64_t j = 0; j < g.n; ++j) sums[j] = 0;
  for (int64_t p = 0; p < g.k; ++p) {
    const auto x = static_cast<Sum>(a[row * g.a_row + p * g.a_column]);
    const T* y = b + p * g.b_row;
    for (int64_t j = 0; j < g.n; ++j) sums[j] += x * static_cast<Sum>(y[j * g.b_column]);
  }
}

}  // namespace danlu::cpu::ref
