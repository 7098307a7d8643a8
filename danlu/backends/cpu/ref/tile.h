#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

/// Interprets tile programs element by element in double.
KernelDef tile();

}  // namespace danlu::cpu::ref
