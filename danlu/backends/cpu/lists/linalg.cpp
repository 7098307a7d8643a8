#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/matmul.h"
#include "danlu/backends/cpu/simd/blocked_matmul.h"
#include "danlu/backends/cpu/simd/matmul.h"
#include "danlu/ops/registry.h"
#ifndef DANLU_NO_ONEDNN
#include "danlu/backends/cpu/onednn/matmul.h"
#endif

namespace danlu::cpu {

std::vector<KernelList> linalg_kernel_lists() {
  return {
      {matmul_op,
       {
           simd::matmul(),
           simd::blocked_matmul(),
#ifndef DANLU_NO_ONEDNN
           onednn::matmul(),
#endif
           ref::matmul(),
       }},
  };
}

}  // namespace danlu::cpu
