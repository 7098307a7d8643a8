#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef softmax();
KernelDef log_softmax();

}  // namespace danlu::cpu::ref
