#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Self-sorting (Stockham) passes of radix 4, 2, 3, 5 and primes up to 13, vectorized along the
/// finished part of the index; Bluestein's convolution where a greater prime divides the length.
KernelDef fft();
KernelDef rfft();
KernelDef irfft();

}  // namespace danlu::cpu::simd
