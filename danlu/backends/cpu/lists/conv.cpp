#include "danlu/backends/cpu/ref/conv.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/pool.h"
#include "danlu/backends/cpu/simd/amx_conv.h"
#include "danlu/backends/cpu/simd/amx_conv_gradient.h"
#include "danlu/backends/cpu/simd/pool.h"
#include "danlu/backends/cpu/simd/widened.h"
#include "danlu/ops/registry.h"
#ifndef DANLU_NO_ONEDNN
#include "danlu/backends/cpu/onednn/conv.h"
#endif

namespace danlu::cpu {

std::vector<KernelList> conv_kernel_lists() {
  return {
      {conv2d_op,
       {
#ifdef DANLU_AMX
           simd::amx_conv2d(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::conv2d(),
#endif
           simd::widened(),
           ref::conv2d(),
       }},
      {conv2d_backward_input_op,
       {
#ifdef DANLU_AMX
           simd::amx_conv2d_backward_input(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::conv2d_backward_input(),
#endif
           simd::widened(),
           ref::conv2d_backward_input(),
       }},
      {conv2d_backward_kernel_op,
       {
#ifdef DANLU_AMX
           simd::amx_conv2d_backward_kernel(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::conv2d_backward_kernel(),
#endif
           simd::widened(),
           ref::conv2d_backward_kernel(),
       }},
      {max_pool2d_op, {simd::max_pool2d(), simd::widened(), ref::max_pool2d()}},
      {max_pool2d_backward_op,
       {simd::max_pool2d_backward(), simd::widened(), ref::max_pool2d_backward()}},
      {max_pool2d_gather_op, {ref::max_pool2d_gather()}},
      {average_pool2d_op, {simd::average_pool2d(), ref::average_pool2d()}},
      {average_pool2d_backward_op,
       {simd::average_pool2d_backward(), ref::average_pool2d_backward()}},
  };
}

}  // namespace danlu::cpu
