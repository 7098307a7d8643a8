#pragma once

namespace danlu::bench {

/// Greatest rate of float32 fused multiply-adds that `threads` threads reach now, in GFLOP/s:
/// independent chains in registers, with the widest vectors of the CPU. Takes about 20 ms.
double fma_peak(int threads);

}  // namespace danlu::bench
