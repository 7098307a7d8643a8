#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

KernelDef cumulative();

}  // namespace danlu::cpu::simd
