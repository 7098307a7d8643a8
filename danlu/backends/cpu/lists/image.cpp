#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/resample.h"
#include "danlu/backends/cpu/simd/resample.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> image_kernel_lists() {
  return {{resample_op, {simd::resample(), ref::resample()}}};
}

}  // namespace danlu::cpu
