#include "danlu/backends/cpu/ref/manipulation.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/elementwise.h"
#include "danlu/backends/cpu/ref/indexing.h"
#include "danlu/backends/cpu/ref/sorting.h"
#include "danlu/backends/cpu/simd/elementwise.h"
#include "danlu/backends/cpu/simd/scatter_add.h"
#include "danlu/backends/cpu/simd/sorting.h"
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
      {scatter_add_op, {simd::scatter_add(), ref_scatter_add()}},
      {one_hot_op, {ref_one_hot()}},
      {iota_op, {ref_iota()}},
      {take_along_axis_op, {ref::take_along_axis()}},
      {scatter_along_op, {ref::scatter_along()}},
      {ravel_multi_index_op, {ref::ravel_multi_index()}},
      {sort_op, {simd::sort(), ref::sort()}},
      {argsort_op, {simd::argsort(), ref::argsort()}},
      {top_k_op, {simd::top_k(), ref::top_k()}},
      {searchsorted_op, {ref::searchsorted()}},
  };
}

}  // namespace danlu::cpu
