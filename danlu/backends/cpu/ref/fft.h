#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

/// The definition: n² products in double.
KernelDef fft();
KernelDef rfft();
KernelDef irfft();

}  // namespace danlu::cpu::ref
