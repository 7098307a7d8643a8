#include "danlu/backends/cpu/simd/resample_loops.h"

#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/resample_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <int kWidth>
HWY_INLINE void along_line(const ResampleLine& line, const float* x, float* y) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t padded = padded_line(line.count);
  const int64_t width = kWidth == 0 ? line.width : kWidth;
  for (int64_t i = 0; i < line.count; i += lanes) {
    const auto index = hn::LoadU(di, line.first + i);
    V sum = hn::Mul(hn::LoadU(d, line.weights + i), hn::GatherIndex(d, x, index));
    for (int64_t t = 1; t < width; ++t) {
      sum = hn::MulAdd(hn::LoadU(d, line.weights + t * padded + i),
                       hn::GatherIndex(d, x + t * line.channels, index), sum);
    }
    hn::StoreU(sum, d, y + i);
  }
}

void along(const ResampleLine& line, const float* x, float* y) {
  line.width == 2 ? along_line<2>(line, x, y) : along_line<0>(line, x, y);
}

template <int kWidth>
HWY_INLINE void across_lines(const float* const* lines, const float* weights, int64_t any_width,
                             int64_t n, float* y) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t width = kWidth == 0 ? any_width : kWidth;
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    V a = hn::Zero(d), b = a;
    for (int64_t t = 0; t < width; ++t) {
      const V w = hn::Set(d, weights[t]);
      a = hn::MulAdd(w, hn::LoadU(d, lines[t] + i), a);
      b = hn::MulAdd(w, hn::LoadU(d, lines[t] + i + lanes), b);
    }
    hn::StoreU(a, d, y + i);
    hn::StoreU(b, d, y + i + lanes);
  }
  for (; i < n; ++i) {
    float sum = 0;
    for (int64_t t = 0; t < width; ++t) sum += weights[t] * lines[t][i];
    y[i] = sum;
  }
}

void across(const float* const* lines, const float* weights, int64_t width, int64_t n, float* y) {
  width == 2 ? across_lines<2>(lines, weights, width, n, y)
             : across_lines<0>(lines, weights, width, n, y);
}

}  // namespace

void fill_resample_loops(ResampleLoops& loops) { loops = {.along = along, .across = across}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const ResampleLoops& resample_loops(Isa isa) {
  static const auto all = [] {
    std::array<ResampleLoops, 3> loops;
    for (ResampleLoops& each : loops) HWY_STATIC_DISPATCH(fill_resample_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_resample_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512)
      N_AVX3::fill_resample_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
