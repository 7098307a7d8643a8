#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Matrices and batches of matrices of a 4-byte dtype, rows for columns: every permutation that
/// swaps two neighbouring groups of axes behind any number of axes that stay.
KernelDef transpose();

}  // namespace danlu::cpu::simd
