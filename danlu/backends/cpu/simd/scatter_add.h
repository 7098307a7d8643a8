#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

KernelDef scatter_add();

}  // namespace danlu::cpu::simd
