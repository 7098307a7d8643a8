#include "danlu/backends/cpu/ref/fft.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/simd/fft.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> fft_kernel_lists() {
  return {
      {fft_op, {simd::fft(), ref::fft()}},
      {rfft_op, {simd::rfft(), ref::rfft()}},
      {irfft_op, {simd::irfft(), ref::irfft()}},
  };
}

}  // namespace danlu::cpu
