#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef fused_matmul();
KernelDef fused_conv2d();
KernelDef conv2d_pool();
KernelDef conv2d_pool_backward_kernel();
KernelDef conv2d_pool_backward_input();

}  // namespace danlu::cpu::ref
