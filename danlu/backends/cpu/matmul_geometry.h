#pragma once

#include <cstdint>
#include <vector>

#include "danlu/core/shape.h"
#include "danlu/ops/linalg/matmul_attrs.h"

namespace danlu::cpu {

/// A batch of matrix products as plain numbers: sizes, strides of the elements, and where each
/// matrix of the batch begins.
struct MatmulGeometry {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row = 0, a_column = 0;            ///< element strides of a (m × k)
  int64_t b_row = 0, b_column = 0;            ///< element strides of b (k × n)
  std::vector<int64_t> a_offsets, b_offsets;  ///< one per product

  MatmulGeometry(const Shape& a, const Shape& b, const Shape& out, const MatmulAttrs& attrs);
};

}  // namespace danlu::cpu
