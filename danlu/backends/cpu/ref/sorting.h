#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef sort();
KernelDef argsort();
KernelDef top_k();
KernelDef searchsorted();

}  // namespace danlu::cpu::ref
