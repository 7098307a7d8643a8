#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

#ifdef DANLU_AMX
/// Products of float32 or bfloat16 on tiles whose depth is long beside the result, as gradients of
/// weights are: each thread takes a part of the depth, so that no element is split for two threads,
/// and what they have added up is put together in their order.
KernelDef amx_deep_matmul();
#endif

}  // namespace danlu::cpu::simd
