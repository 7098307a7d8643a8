#pragma once

#include "danlu/backends/cpu/simd/blocked_matmul.h"

namespace danlu::cpu::simd {

/// Whether the processor and the system grant tiles of bfloat16 (AMX), and DANLU_ISA is not less.
bool has_amx();

/// float32 products on tiles of bfloat16: each factor is the sum of three bfloat16 numbers that
/// hold all of its 24 bits, and of the nine products the six that reach float32's last bit are
/// added up in float32. Where a factor holds an infinity or NaN, the AVX-512 loops compute anew.
/// Source: Henry, Tang, Heinecke: Leveraging the bfloat16 Artificial Intelligence Datatype For
/// Higher-Precision Computations (2019).
BlockedMatmul amx_matmul_function();

}  // namespace danlu::cpu::simd
