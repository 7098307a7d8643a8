#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// float32: block of rows by block of rows, each product straight before its program, while it is
/// in the second-level cache.
KernelDef matmul_tile();
KernelDef amx_matmul_tile();

}  // namespace danlu::cpu::simd
