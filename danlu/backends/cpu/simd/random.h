#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Eight blocks of Philox at a time, the draws shared out among threads. Uniform numbers and
/// choices are the reference's bit for bit; normal ones are computed in double as there and differ
/// where the last bits of a logarithm or a sine decide about rounding.
KernelDef random_uniform();
KernelDef random_normal();
KernelDef random_bernoulli();

}  // namespace danlu::cpu::simd
