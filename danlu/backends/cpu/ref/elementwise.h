#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Every elementwise op of `ops.def` but cast and copies, for every dtype it admits: computed in
/// double, or in wrapping int64 where no operand is floating.
KernelDef ref_elementwise();
/// Any dtype to any other.
KernelDef ref_cast();
/// Bytes as they are: copy, stop_gradient, reshape.
KernelDef ref_copy();

}  // namespace danlu::cpu
