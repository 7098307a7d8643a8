#include "danlu/backends/cpu/ref/elementwise.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/simd/elementwise.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> elementwise_kernel_lists() {
  std::vector<KernelList> lists;
  for (const auto op :
       {negative_op,    abs_op,        sign_op,     exp_op,        log_op,         log1p_op,
        expm1_op,       sqrt_op,       rsqrt_op,    square_op,     reciprocal_op,  tanh_op,
        sigmoid_op,     relu_op,       softplus_op, erf_op,        sin_op,         cos_op,
        floor_op,       ceil_op,       round_op,    isnan_op,      logical_not_op, add_op,
        subtract_op,    multiply_op,   divide_op,   power_op,      maximum_op,     minimum_op,
        equal_op,       not_equal_op,  less_op,     less_equal_op, greater_op,     greater_equal_op,
        logical_and_op, logical_or_op, where_op}) {
    lists.push_back({op, {simd::elementwise(), ref_elementwise()}});
  }
  lists.push_back({cast_op, {simd::cast(), ref_cast()}});
  lists.push_back({copy_op, {ref_copy()}});
  lists.push_back({stop_gradient_op, {ref_copy()}});
  return lists;
}

}  // namespace danlu::cpu
