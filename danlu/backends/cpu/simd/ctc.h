#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Several states at once, in float32 and relative to the most probable one of each step; samples
/// are shared out among threads.
KernelDef ctc_loss();
KernelDef ctc_loss_gradient();

}  // namespace danlu::cpu::simd
