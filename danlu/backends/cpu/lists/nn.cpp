#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/softmax.h"
#include "danlu/backends/cpu/simd/softmax.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> nn_kernel_lists() {
  return {{softmax_op, {simd::softmax(), ref::softmax()}},
          {log_softmax_op, {simd::log_softmax(), ref::log_softmax()}}};
}

}  // namespace danlu::cpu
