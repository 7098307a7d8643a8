#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Running sums, products and log Σ exp, in double (integers in wrapping int64).
KernelDef ref_cumulative();
/// y_i = a_i y_{i−1} + b_i, in double.
KernelDef ref_linear_recurrence();

}  // namespace danlu::cpu
