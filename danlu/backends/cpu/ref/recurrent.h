#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef lstm();
KernelDef lstm_backward();
KernelDef gru();
KernelDef gru_backward();

}  // namespace danlu::cpu::ref
