#pragma once

#include "danlu/runtime/kernel.h"

/// The random ops. Element i of draw (seed, counter) depends on these three numbers alone: the
/// counter is the upper half of Philox's counter, the block that i lies in is the lower half.
namespace danlu::cpu::ref {

KernelDef random_uniform();
KernelDef random_normal();
KernelDef random_truncated_normal();
KernelDef random_bernoulli();
KernelDef random_permutation();
KernelDef random_randint();
KernelDef random_gamma();
KernelDef random_binomial();

}  // namespace danlu::cpu::ref
