#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef layer_norm();

}  // namespace danlu::cpu::ref
