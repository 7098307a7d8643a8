#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef resample();

}  // namespace danlu::cpu::ref
