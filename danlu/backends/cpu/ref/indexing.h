#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef take_along_axis();
KernelDef scatter_along();
KernelDef ravel_multi_index();

}  // namespace danlu::cpu::ref
