#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

#ifdef DANLU_AMX
/// Convolutions of float32 with stride 1 as products on tiles of bfloat16, as exact as float32
/// multiply-adds (simd/amx_matmul.h): each padded image is split into three images of bfloat16,
/// channels innermost, in which the pixels under a tap of neighbouring windows are the rows of a
/// tile. Strips with an infinity or NaN are computed by the AVX-512 loops.
KernelDef amx_conv2d();
KernelDef amx_fused_conv2d();
KernelDef amx_conv2d_pool();
KernelDef amx_conv2d_backward_input();
#endif

}  // namespace danlu::cpu::simd
