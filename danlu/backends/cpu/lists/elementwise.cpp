#include "danlu/backends/cpu/ref/elementwise.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/simd/elementwise.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> elementwise_kernel_lists() {
  std::vector<KernelList> lists;
  for (const auto op : {negative_op,    abs_op,          sign_op,        exp_op,
                        log_op,         log1p_op,        expm1_op,       sqrt_op,
                        rsqrt_op,       square_op,       reciprocal_op,  tanh_op,
                        sigmoid_op,     relu_op,         softplus_op,    erf_op,
                        sin_op,         cos_op,          floor_op,       ceil_op,
                        round_op,       isnan_op,        logical_not_op, add_op,
                        subtract_op,    multiply_op,     divide_op,      power_op,
                        maximum_op,     minimum_op,      equal_op,       not_equal_op,
                        less_op,        less_equal_op,   greater_op,     greater_equal_op,
                        logical_and_op, logical_or_op,   where_op,       trunc_op,
                        exp2_op,        log2_op,         log10_op,       cbrt_op,
                        tan_op,         arcsin_op,       arccos_op,      arctan_op,
                        sinh_op,        cosh_op,         arcsinh_op,     arccosh_op,
                        arctanh_op,     erfc_op,         erfinv_op,      i0_op,
                        i1_op,          floor_divide_op, mod_op,         fmod_op,
                        arctan2_op,     hypot_op,        bitwise_and_op, bitwise_or_op,
                        bitwise_xor_op, left_shift_op,   right_shift_op, gcd_op}) {
    lists.push_back({op, {simd::elementwise(), ref_elementwise()}});
  }
  for (const auto op : {real_op, imag_op, conj_op, angle_op}) {
    lists.push_back({op, {ref_elementwise()}});
  }
  lists.push_back({cast_op, {simd::cast(), ref_cast()}});
  lists.push_back({copy_op, {ref_copy()}});
  lists.push_back({stop_gradient_op, {ref_copy()}});
  lists.push_back({view_op, {ref_copy()}});
  return lists;
}

}  // namespace danlu::cpu
