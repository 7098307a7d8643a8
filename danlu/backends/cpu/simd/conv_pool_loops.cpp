// The loops of simd/conv_pool.h.

#include <algorithm>
#include <array>

#include "danlu/backends/cpu/simd/conv_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/conv_pool_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/pool-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

// At most 16 lanes, so that whole vectors fill a group of filters.
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

/// Offsets of the four positions of a pooling window in the input.
struct Corners {
  int64_t at[4];
  explicit Corners(const ConvPoolImage& g)
      : at{0, g.channels, g.width * g.channels, (g.width + 1) * g.channels} {}
};

// One pooled pixel, kVectors vectors of filters: (2 × 2 positions) × filters in registers.
template <int kVectors>
HWY_INLINE void forward_pixel(D d, const ConvPoolImage& g, const Corners& corners, const float* x,
                              const float* packed, float* pooled, uint8_t* index, int64_t filters,
                              bool relu) {
  const size_t lanes = hn::Lanes(d);
  V sums[4][kVectors];
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    const V bias = hn::LoadU(d, packed + static_cast<size_t>(v) * lanes);
#pragma GCC unroll 16
    for (auto& position : sums) position[v] = bias;
  }
  const float* weights = packed + kFilterGroup;
  for (int64_t t = 0; t < g.taps; ++t, weights += kFilterGroup) {
    const float* from = x + g.offsets[t];
    V w[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v)
      w[v] = hn::LoadU(d, weights + static_cast<size_t>(v) * lanes);
#pragma GCC unroll 16
    for (int p = 0; p < 4; ++p) {
      const V value = hn::Set(d, from[corners.at[p]]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[p][v] = hn::MulAdd(value, w[v], sums[p][v]);
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    const auto begin = static_cast<int64_t>(static_cast<size_t>(v) * lanes);
    if (begin >= filters) break;
    RunningMax<D> best;
    best.start(d, sums[0][v], 0);
#pragma GCC unroll 16
    for (int p = 1; p < 4; ++p) best.offer(d, sums[p][v], p);
    if (relu) best.rectify(d, 0);
    best.store(d, pooled + begin, index + begin,
               std::min(lanes, static_cast<size_t>(filters - begin)));
  }
}

void forward(const ConvPoolImage& g, const float* x, const float* packed, float* pooled,
             uint8_t* index, bool relu) {
  const D d;
  const Corners corners(g);
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t first = 0; first < g.filters; first += 2 * lanes) {
    const int64_t filters = std::min(2 * lanes, g.filters - first);
    const float* weights =
        packed + first / kFilterGroup * kFilterGroup * (1 + g.taps) + first % kFilterGroup;
    for (int64_t oh = 0; oh < g.out_h; ++oh) {
      const float* row = x + 2 * oh * g.width * g.channels;
      for (int64_t ow = 0; ow < g.out_w; ++ow, row += 2 * g.channels) {
        const int64_t at = (oh * g.out_w + ow) * g.filters + first;
        if (filters > lanes) {
          forward_pixel<2>(d, g, corners, row, weights, pooled + at, index + at, filters, relu);
        } else {
          forward_pixel<1>(d, g, corners, row, weights, pooled + at, index + at, filters, relu);
        }
      }
    }
  }
}

// kTaps taps of one vector of filters over the image. Each pooled gradient came from one of four
// positions: four masked copies of it meet four inputs, and no unpooled gradient is made.
template <int kTaps>
void backward_taps(D d, const ConvPoolImage& g, const Corners& corners, const float* x,
                   const float* grad, const uint8_t* index, const int64_t* offsets, size_t count,
                   float* sums) {
  const hn::RebindToSigned<D> di;
  V acc[kTaps];
#pragma GCC unroll 16
  for (V& a : acc) a = hn::Zero(d);
  const bool full = count == hn::Lanes(d);
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    const float* from = x + 2 * oh * g.width * g.channels;
    for (int64_t ow = 0; ow < g.out_w;
         ++ow, from += 2 * g.channels, grad += g.filters, index += g.filters) {
      const V value = full ? hn::LoadU(d, grad) : load_some(d, grad, count);
      const auto position = load_positions(d, index, count);
#pragma GCC unroll 16
      for (int p = 0; p < 4; ++p) {
        const auto here = hn::RebindMask(d, hn::Eq(position, hn::Set(di, p)));
        const V kept = hn::IfThenElseZero(here, value);
        const float* corner = from + corners.at[p];
#pragma GCC unroll 16
        for (int t = 0; t < kTaps; ++t) {
          acc[t] = hn::MulAdd(hn::Set(d, corner[offsets[t]]), kept, acc[t]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t, sums += g.filters) {
    store_some(d, hn::Add(load_some(d, sums, count), acc[t]), sums, count);
  }
}

using TapFunction = void (*)(D, const ConvPoolImage&, const Corners&, const float*, const float*,
                             const uint8_t*, const int64_t*, size_t, float*);
// By number of taps.
constexpr std::array<TapFunction, 13> kTapFunctions = {
    nullptr,           backward_taps<1>,  backward_taps<2>,  backward_taps<3>, backward_taps<4>,
    backward_taps<5>,  backward_taps<6>,  backward_taps<7>,  backward_taps<8>, backward_taps<9>,
    backward_taps<10>, backward_taps<11>, backward_taps<12>,
};

void backward_kernel(const ConvPoolImage& g, const float* x, const float* grad,
                     const uint8_t* index, float* sums) {
  const D d;
  const Corners corners(g);
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto most = static_cast<int64_t>(kTapFunctions.size()) - 1;
  // Parts of about equal size: 25 taps are 9 + 8 + 8.
  const int64_t parts = (g.taps + most - 1) / most;
  for (int64_t first = 0; first < g.filters; first += lanes) {
    const auto count = static_cast<size_t>(std::min(lanes, g.filters - first));
    int64_t tap = 0;
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t end = g.taps * (part + 1) / parts;
      kTapFunctions[static_cast<size_t>(end - tap)](d, g, corners, x, grad + first, index + first,
                                                    g.offsets + tap, count,
                                                    sums + tap * g.filters + first);
      tap = end;
    }
  }
}

}  // namespace

ConvPoolFunctions conv_pool_choice() { return {forward, backward_kernel}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

ConvPoolFunctions conv_pool_functions(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::conv_pool_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::conv_pool_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(conv_pool_choice)();
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
