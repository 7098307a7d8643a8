#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef attention();
KernelDef attention_backward();

}  // namespace danlu::cpu::ref
