#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

/// Textbook algorithms in double: right-looking eliminations, Householder's reflections, Jacobi's
/// rotations.
KernelDef cholesky();
KernelDef solve();
KernelDef solve_triangular();
KernelDef lu_factor();
KernelDef det();
KernelDef slogdet();
KernelDef qr();
KernelDef svd();
KernelDef svdvals();
KernelDef eigh();
KernelDef eig();

}  // namespace danlu::cpu::ref
