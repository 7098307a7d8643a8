#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::lapack {

/// Refused where no LAPACK is installed and for matrices that its 32-bit integers cannot count.
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

}  // namespace danlu::cpu::lapack
