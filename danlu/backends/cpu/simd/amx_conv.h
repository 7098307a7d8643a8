#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

#ifdef DANLU_AMX
/// Convolutions as products on tiles of bfloat16: of bfloat16, or of float32, as exact as float32
/// multiply-adds (simd/amx_matmul.h): each padded image is split into three images of bfloat16,
/// channels innermost, in which the pixels under a tap of neighbouring windows are the rows of a
/// tile. Images with an infinity or NaN are computed by the AVX-512 loops.
KernelDef amx_conv2d();
KernelDef amx_fused_conv2d();
KernelDef amx_conv2d_pool();
KernelDef amx_conv2d_backward_input();
/// Of bfloat16; in float32 the loops that leave out zeros are as fast (simd/sparse_conv.h).
KernelDef amx_conv2d_pool_backward_input();
#endif

}  // namespace danlu::cpu::simd
