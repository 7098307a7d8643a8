#pragma once

namespace danlu {

/// What the machine can do at most, measured now.
struct MachinePeaks {
  double gflops = 0;     ///< float32 multiply-adds in registers, two operations each
  double gigabytes = 0;  ///< per second, of a = b + s·c over memory beyond the caches

  /// Seconds that work of this size takes at least.
  double seconds(double flops, double bytes) const;
};

/// Greatest rate of float32 fused multiply-adds that `threads` threads reach, in GFLOP/s:
/// independent chains in registers, with the widest vectors of the CPU. Takes about 20 ms.
double fma_peak(int threads);
/// Rate of reading two and writing one array of 64 MiB each, in GB/s. Takes about 100 ms.
double triad_bandwidth(int threads);

MachinePeaks measure_peaks(int threads);

}  // namespace danlu
