#include "danlu/backends/cpu/ref/manipulation.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/elementwise.h"
#include "danlu/backends/cpu/simd/elementwise.h"
#include "danlu/backends/cpu/simd/transpose.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> manipulation_kernel_lists() {
  return {
      {reshape_op, {ref_copy()}},
      {transpose_op, {simd::transpose(), ref_transpose()}},
      {broadcast_to_op, {simd::broadcast_to(), ref_broadcast_to()}},
      {slice_op, {ref_slice()}},
      {pad_op, {ref_pad()}},
      {concatenate_op, {ref_concatenate()}},
      {take_op, {ref_take()}},
      {scatter_add_op, {ref_scatter_add()}},
      {one_hot_op, {ref_one_hot()}},
      {iota_op, {ref_iota()}},
  };
}

}  // namespace danlu::cpu
