#pragma once

#include "danlu/runtime/kernel.h"

/// Control flow: kernels that run Programs made of an op's subgraphs in their own scratch memory.
namespace danlu::cpu::ref {

KernelDef switch_kernel();
KernelDef while_loop();
KernelDef scan();

}  // namespace danlu::cpu::ref
