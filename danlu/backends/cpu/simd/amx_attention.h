#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

#ifdef DANLU_AMX
/// Attention of float32 and bfloat16 with its products on tiles: the blocks of simd/attention.h,
/// with the factors of simd/amx_matmul.h. Where one is strange (see split_rows), `attention`
/// computes anew.
KernelDef amx_attention();
KernelDef amx_attention_backward();
#endif

}  // namespace danlu::cpu::simd
