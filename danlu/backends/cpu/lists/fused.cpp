#include "danlu/backends/cpu/ref/fused.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/matmul_tile.h"
#include "danlu/backends/cpu/ref/tile.h"
#include "danlu/backends/cpu/simd/amx_bfloat16_matmul.h"
#include "danlu/backends/cpu/simd/amx_conv.h"
#include "danlu/backends/cpu/simd/amx_conv_gradient.h"
#include "danlu/backends/cpu/simd/blocked_matmul.h"
#include "danlu/backends/cpu/simd/conv_pool.h"
#include "danlu/backends/cpu/simd/matmul.h"
#include "danlu/backends/cpu/simd/matmul_tile.h"
#include "danlu/backends/cpu/simd/sparse_conv.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simd/widened.h"
#include "danlu/ops/registry.h"
#ifndef DANLU_NO_ONEDNN
#include "danlu/backends/cpu/onednn/conv.h"
#include "danlu/backends/cpu/onednn/conv_pool.h"
#include "danlu/backends/cpu/onednn/matmul.h"
#endif

namespace danlu::cpu {

std::vector<KernelList> fused_kernel_lists() {
  return {
      {tile_op, {simd::generated_tile(), simd::tile(), ref::tile()}},
      {matmul_tile_op, {simd::amx_matmul_tile(), simd::matmul_tile(), ref::matmul_tile()}},
      {fused_matmul_op,
       {
           simd::fused_matmul(),
           simd::amx_fused_matmul(),
#ifdef DANLU_AMX
           simd::amx_bfloat16_fused_matmul(),
#endif
           simd::blocked_fused_matmul(),
#ifndef DANLU_NO_ONEDNN
           onednn::fused_matmul(),
#endif
           simd::widened(),
           ref::fused_matmul(),
       }},
      {fused_conv2d_op,
       {
#ifdef DANLU_AMX
           simd::amx_fused_conv2d(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::fused_conv2d(),
#endif
           simd::widened(),
           ref::fused_conv2d(),
       }},
      {conv2d_pool_op,
       {
           simd::conv2d_pool(),
#ifdef DANLU_AMX
           simd::amx_conv2d_pool(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::conv2d_pool(),
#endif
           simd::widened(),
           ref::conv2d_pool(),
       }},
      {conv2d_pool_backward_kernel_op,
       {
           simd::conv2d_pool_backward_kernel(),
           simd::sparse_conv2d_pool_backward_kernel(),
#ifdef DANLU_AMX
           simd::amx_conv2d_pool_backward_kernel(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::conv2d_pool_backward_kernel(),
#endif
           simd::widened(),
           ref::conv2d_pool_backward_kernel(),
       }},
      {conv2d_pool_backward_input_op,
       {
           simd::sparse_conv2d_pool_backward_input(),
#ifdef DANLU_AMX
           simd::amx_conv2d_pool_backward_input(),
#endif
#ifndef DANLU_NO_ONEDNN
           onednn::conv2d_pool_backward_input(),
#endif
           simd::widened(),
           ref::conv2d_pool_backward_input(),
       }},
  };
}

}  // namespace danlu::cpu
