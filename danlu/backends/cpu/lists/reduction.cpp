#include "danlu/backends/cpu/ref/reduction.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/cumulative.h"
#include "danlu/backends/cpu/simd/cumulative.h"
#include "danlu/backends/cpu/simd/reduce.h"
#include "danlu/backends/cpu/simd/widened.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> reduction_kernel_lists() {
  return {
      {sum_op, {simd::sum(), simd::widened(), ref_sum()}},
      {max_op, {simd::max(), simd::widened(), ref_max()}},
      {min_op, {simd::min(), simd::widened(), ref_min()}},
      {argmax_op, {simd::argmax(), simd::widened(), ref_argmax()}},
      {argmin_op, {simd::argmin(), simd::widened(), ref_argmin()}},
      {prod_op, {ref_prod()}},
      {cumulative_op, {simd::cumulative(), simd::widened(), ref_cumulative()}},
      {linear_recurrence_op, {ref_linear_recurrence()}},
  };
}

}  // namespace danlu::cpu
