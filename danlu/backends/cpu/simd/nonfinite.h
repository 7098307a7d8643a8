#pragma once

#include <cstdint>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/runtime/kernel.h"

/// Kernels that leave out products with 0 must still give NaN where such a product is one: 0 · ∞
/// and 0 · NaN. Infinities and NaNs are rare, so they are looked for, and added after the fact.
namespace danlu::cpu::simd {

/// Whether none of `count` numbers is infinite or NaN.
using AllFiniteFunction = bool (*)(const float* values, int64_t count);
AllFiniteFunction all_finite_function(Isa isa);

/// To the gradient of the kernel, from the pooled gradient (windows that touch, no padding of the
/// pooling): NaN where a number of `x` that is not finite meets a gradient of 0.
void add_zero_products_to_kernel(const ConvGeometry& conv, const PoolGeometry& pool, const float* x,
                                 const float* grad, const uint8_t* index, float* kernel_gradient);
/// To the gradient of the input: NaN where such a number of the kernel meets a gradient of 0.
void add_zero_products_to_input(const ConvGeometry& conv, const PoolGeometry& pool,
                                const float* grad, const uint8_t* index, const float* kernel,
                                float* dx);

}  // namespace danlu::cpu::simd
