#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

KernelDef layer_norm();
KernelDef layer_norm_backward();

}  // namespace danlu::cpu::simd
