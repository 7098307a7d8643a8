#pragma once

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef matmul();

/// One row of a product, accumulated in `Sum`: double, the complex of doubles, or uint64 for
/// integers, which wraps.
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
