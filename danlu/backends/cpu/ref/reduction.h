#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// sum, prod, max and min over any axes and any dtype: accumulated in double (integers in int64),
/// always in the same order, whatever the number of threads.
KernelDef ref_sum();
KernelDef ref_prod();
KernelDef ref_max();
KernelDef ref_min();
/// argmax and argmin along one axis.
KernelDef ref_argmax();
KernelDef ref_argmin();

}  // namespace danlu::cpu
