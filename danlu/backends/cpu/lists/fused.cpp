#include "danlu/backends/cpu/ref/fused.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/tile.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> fused_kernel_lists() {
  return {
      {tile_op, {ref::tile()}},
      {fused_matmul_op, {ref::fused_matmul()}},
      {fused_conv2d_op, {ref::fused_conv2d()}},
      {conv2d_pool_op, {ref::conv2d_pool()}},
      {conv2d_pool_backward_kernel_op, {ref::conv2d_pool_backward_kernel()}},
      {conv2d_pool_backward_input_op, {ref::conv2d_pool_backward_input()}},
  };
}

}  // namespace danlu::cpu
