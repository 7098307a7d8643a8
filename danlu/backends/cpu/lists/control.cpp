#include "danlu/backends/cpu/ref/control.h"

#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/elementwise.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> control_kernel_lists() {
  return {{switch_op, {ref::switch_kernel()}},
          {while_loop_op, {ref::while_loop()}},
          {scan_op, {ref::scan()}},
          {barrier_op, {ref_copy()}},
          {tap_op, {ref_copy()}}};
}

}  // namespace danlu::cpu
