#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::ref {

KernelDef ctc_loss();
KernelDef ctc_loss_gradient();
KernelDef ctc_beam_search();

}  // namespace danlu::cpu::ref
