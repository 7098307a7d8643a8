#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

KernelDef resample();

}  // namespace danlu::cpu::simd
