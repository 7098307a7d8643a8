#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

KernelDef layer_norm();

}  // namespace danlu::cpu::simd
