#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

/// A product, rounded to float32, and the tile program on it.
KernelDef matmul_tile();

}  // namespace danlu::cpu::ref
