#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef layer_norm();
KernelDef layer_norm_backward();

}  // namespace danlu::cpu::ref
