#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Parts, copies and layouts, for elements of every dtype. `reshape` uses `ref_copy`.
KernelDef ref_transpose();
KernelDef ref_broadcast_to();
KernelDef ref_slice();
KernelDef ref_pad();
KernelDef ref_concatenate();
/// A bad index raises the run's fault; the output is then 0.
KernelDef ref_take();
/// Adds in double (integers in wrapping int64), in the order of the indices.
KernelDef ref_scatter_add();
/// A bad class raises the run's fault and leaves its row 0.
KernelDef ref_one_hot();
KernelDef ref_iota();

}  // namespace danlu::cpu
