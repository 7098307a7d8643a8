#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Highway's vectorized quicksort of integers that stand in the order of the elements. One long row
/// is sorted in as many parts as there are threads, which are then merged.
KernelDef sort();
/// The same of integers with the index in their lower half.
KernelDef argsort();
/// One pass over each row that keeps candidates above the least of the best k so far.
KernelDef top_k();

}  // namespace danlu::cpu::simd
