#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/softmax.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> nn_kernel_lists() {
  return {{softmax_op, {ref::softmax()}}, {log_softmax_op, {ref::log_softmax()}}};
}

}  // namespace danlu::cpu
