#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// float32, over the last axis. The output may take the input's place.
KernelDef softmax();
KernelDef log_softmax();

}  // namespace danlu::cpu::simd
