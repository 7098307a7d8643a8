#include "danlu/backends/cpu/ref/reduction.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/cumulative.h"
#include "danlu/backends/cpu/simd/cumulative.h"
#include "danlu/backends/cpu/simd/reduce.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> reduction_kernel_lists() {
  return {
      {sum_op, {simd::sum(), ref_sum()}},
      {max_op, {simd::max(), ref_max()}},
      {min_op, {simd::min(), ref_min()}},
      {argmax_op, {simd::argmax(), ref_argmax()}},
      {argmin_op, {simd::argmin(), ref_argmin()}},
      {prod_op, {ref_prod()}},
      {cumulative_op, {simd::cumulative(), ref_cumulative()}},
      {linear_recurrence_op, {ref_linear_recurrence()}},
  };
}

}  // namespace danlu::cpu
