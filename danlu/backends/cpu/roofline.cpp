#include "danlu/runtime/roofline.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "danlu/base/thread.h"
#include "danlu/runtime/kernel.h"

namespace danlu {
namespace {

constexpr int kChains = 12;
constexpr int kRounds = 20'000;

__attribute__((target("avx512f"))) float chains_avx512() {
  __m512 sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
  }
  float total = 0;
  for (int i = 0; i < kChains; ++i) {
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, sum[i]);
    for (float x : lanes) total += x;
  }
  return total;
}

__attribute__((target("avx2,fma"))) float chains_avx2() {
  __m256 sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = _mm256_fmadd_ps(sum[i], a, b);
  }
  float total = 0;
  for (int i = 0; i < kChains; ++i) {
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, sum[i]);
    for (float x : lanes) total += x;
  }
  return total;
}

/// Products and sums apart: the baseline has no multiply-add.
float chains_baseline() {
  __m128 sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm_set1_ps(static_cast<float>(i));
  const __m128 a = _mm_set1_ps(0.999f), b = _mm_set1_ps(0.001f);
  for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = _mm_add_ps(_mm_mul_ps(sum[i], a), b);
  }
  float total = 0;
  for (int i = 0; i < kChains; ++i) total += _mm_cvtss_f32(sum[i]);
  return total;
}

struct Chains {
  float (*run)();
  int lanes;
};

Chains chains_for(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return {chains_avx512, 16};
    case Isa::avx2:
      return {chains_avx2, 8};
    case Isa::baseline:
      break;
  }
  return {chains_baseline, 4};
}

}  // namespace

double fma_peak(int threads) {
  const Chains chains = chains_for(cpu_isa());
  const double flops = 2.0 * kChains * kRounds * chains.lanes * threads;
  double best = 0;
  for (int repeat = 0; repeat < 30; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    parallel_chunks(threads, [&](int) {
      volatile float sink = chains.run();  // one each: not optimized away
      (void)sink;
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / seconds.count() / 1e9);
  }
  return best;
}

double triad_bandwidth(int threads) {
  constexpr long kFloats = 16 << 20;
  std::vector<float> a(kFloats, 1.f), b(kFloats, 2.f), c(kFloats, 3.f);
  double best = 0;
  for (int repeat = 0; repeat < 4; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    parallel_chunks(threads, [&](int chunk) {
      const Range range = chunk_range(kFloats, threads, chunk, 16);
      for (long i = range.begin; i < range.end; ++i)
        a[size_t(i)] = b[size_t(i)] + 0.5f * c[size_t(i)];
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, 3.0 * kFloats * sizeof(float) / seconds.count() / 1e9);
  }
  return best;
}

MachinePeaks measure_peaks(int threads) { return {fma_peak(threads), triad_bandwidth(threads)}; }

double MachinePeaks::seconds(double flops, double bytes) const {
  return std::max(flops / (gflops * 1e9), bytes / (gigabytes * 1e9));
}

}  // namespace danlu
