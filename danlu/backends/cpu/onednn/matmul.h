#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::onednn {

KernelDef matmul();
KernelDef fused_matmul();

}  // namespace danlu::cpu::onednn
