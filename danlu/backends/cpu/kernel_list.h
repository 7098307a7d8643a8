#pragma once

#include <vector>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// The kernels of one op, fastest first, `ref` last and mandatory.
struct KernelList {
  const OpDef& (*op)();
  std::vector<KernelDef> kernels;
};

/// One function per family, each in `backends/cpu/lists/FAMILY.cpp`.
std::vector<KernelList> elementwise_kernel_lists();
std::vector<KernelList> reduction_kernel_lists();
std::vector<KernelList> manipulation_kernel_lists();
std::vector<KernelList> linalg_kernel_lists();
std::vector<KernelList> fft_kernel_lists();
std::vector<KernelList> image_kernel_lists();
std::vector<KernelList> conv_kernel_lists();
std::vector<KernelList> nn_kernel_lists();
std::vector<KernelList> random_kernel_lists();
std::vector<KernelList> control_kernel_lists();
std::vector<KernelList> fused_kernel_lists();

}  // namespace danlu::cpu
