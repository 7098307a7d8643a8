#pragma once

#include <cstdint>

#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Small float32 products in registers, with bias and activation.
KernelDef matmul();
KernelDef fused_matmul();

/// c = activation(a · b + bias), row-major. Rows of b and c are contiguous.
struct MatmulBlock {
  const float* a = nullptr;
  const float* b = nullptr;
  const float* bias = nullptr;  ///< n of them, or null
  float* c = nullptr;
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row = 0, a_column = 0;  ///< element strides
  int64_t b_row = 0, c_row = 0;
  FusedActivation activation = FusedActivation::none;
  bool adds = false;  ///< to what c holds; only the blocked loops do, and not on AMX
};
using MatmulFunction = void (*)(const MatmulBlock&);
MatmulFunction matmul_function(Isa isa);

/// values = activation(values + bias) over rows of `channels`; `bias` may be null.
using EpilogueFunction = void (*)(float* values, int64_t rows, int64_t channels, int64_t row_stride,
                                  const float* bias, FusedActivation activation);
EpilogueFunction epilogue_function(Isa isa);

}  // namespace danlu::cpu::simd
