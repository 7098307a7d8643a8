#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// For lists whose fast kernels know float32 only: operands of 16-bit floating point are converted
/// to float32, the first of those kernels that takes them computes, and the results are rounded
/// once.
KernelDef widened();

}  // namespace danlu::cpu::simd
