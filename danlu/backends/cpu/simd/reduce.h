#pragma once

#include "danlu/runtime/kernel.h"

/// Reductions of float32 where the reduced axes stand first or last.
namespace danlu::cpu::simd {

/// Over all, leading or trailing axes, or ones in the middle; accuracy as the tile kernel's sums.
/// Of bfloat16 where whole rows are added up.
KernelDef sum();
/// Over all or trailing axes. NaN propagates.
KernelDef max();
KernelDef min();
/// Over the last axis: the first greatest (least) element, or the first NaN.
KernelDef argmax();
KernelDef argmin();

}  // namespace danlu::cpu::simd
