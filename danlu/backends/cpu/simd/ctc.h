#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Several states at once, their logarithms in double; samples are shared out among threads.
KernelDef ctc_loss();
KernelDef ctc_loss_gradient();

}  // namespace danlu::cpu::simd
