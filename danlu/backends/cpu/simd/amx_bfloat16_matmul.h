#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

#ifdef DANLU_AMX
/// Products of bfloat16 on tiles, added up in float32 over all of k and rounded once, behind bias
/// and activation.
KernelDef amx_bfloat16_matmul();
KernelDef amx_bfloat16_fused_matmul();
#endif

}  // namespace danlu::cpu::simd
