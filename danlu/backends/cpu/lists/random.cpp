#include "danlu/backends/cpu/ref/random.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/simd/random.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> random_kernel_lists() {
  return {
      {random_uniform_op, {simd::random_uniform(), ref::random_uniform()}},
      {random_normal_op, {simd::random_normal(), ref::random_normal()}},
      {random_truncated_normal_op, {ref::random_truncated_normal()}},
      {random_bernoulli_op, {simd::random_bernoulli(), ref::random_bernoulli()}},
      {random_permutation_op, {ref::random_permutation()}},
      {random_randint_op, {ref::random_randint()}},
      {random_gamma_op, {ref::random_gamma()}},
      {random_binomial_op, {ref::random_binomial()}},
  };
}

}  // namespace danlu::cpu
