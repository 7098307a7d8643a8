#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

#ifdef DANLU_AMX
/// Gradients of kernels as products on tiles of bfloat16 whose depth is windows: of bfloat16, or of
/// float32 split into three parts, as exact as float32 multiply-adds (simd/amx_matmul.h). Images
/// with an infinity or NaN are added by AVX-512 loops.
KernelDef amx_conv2d_backward_kernel();
/// Of bfloat16; in float32 the loops that leave out zeros are as fast (simd/sparse_conv.h).
KernelDef amx_conv2d_pool_backward_kernel();
#endif

}  // namespace danlu::cpu::simd
