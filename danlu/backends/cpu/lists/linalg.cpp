#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/matmul.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> linalg_kernel_lists() { return {{matmul_op, {ref::matmul()}}}; }

}  // namespace danlu::cpu
