#include "danlu/backends/cpu/ref/reduction.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> reduction_kernel_lists() {
  return {
      {sum_op, {ref_sum()}},       {max_op, {ref_max()}},       {min_op, {ref_min()}},
      {argmax_op, {ref_argmax()}}, {argmin_op, {ref_argmin()}},
  };
}

}  // namespace danlu::cpu
