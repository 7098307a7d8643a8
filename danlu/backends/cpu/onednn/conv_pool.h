#pragma once

#include "danlu/runtime/kernel.h"

/// Convolution and pooling for a few images at a time: what oneDNN leaves in the cache, our own
/// pooling takes up at once (and the other way round on the way back).
namespace danlu::cpu::onednn {

KernelDef conv2d_pool();
KernelDef conv2d_pool_backward_input();
KernelDef conv2d_pool_backward_kernel();

}  // namespace danlu::cpu::onednn
