// The loops of simd/conv_pool.h.

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/backends/cpu/simd/conv_pool.h"
#include "danlu/backends/cpu/simd/transpose_block.h"

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

/// What a block of pooled pixels is made of.
struct Pixels {
  const float* x;  ///< corner of the first one's window
  const float* packed;
  float* pooled;
  uint8_t* index;
  int64_t filters;
  bool relu;
};

// kPixels neighbours, kVectors vectors of filters: (2 × 2 positions) × filters in registers, eight
// sums at least: the processor adds to as many at once.
template <int kPixels, int kVectors>
void forward_pixels(const ConvPoolImage& g, const Pixels& at) {
  const D d;
  const int64_t channels = g.channels;
  const size_t lanes = hn::Lanes(d);
  V sums[kPixels][4][kVectors];
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    const V bias = hn::LoadU(d, at.packed + static_cast<size_t>(v) * lanes);
#pragma GCC unroll 16
    for (auto& pixel : sums) {
#pragma GCC unroll 16
      for (auto& position : pixel) position[v] = bias;
    }
  }
  const float* weights = at.packed + kFilterGroup;
  for (int64_t t = 0; t < g.taps; ++t, weights += kFilterGroup) {
    const float* const top = at.x + g.offsets[t];
    const float* const bottom = top + g.width * g.channels;
    V w[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v)
      w[v] = hn::LoadU(d, weights + static_cast<size_t>(v) * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 16
      for (int p = 0; p < 4; ++p) {
        const V value = hn::Set(d, (p < 2 ? top : bottom)[(2 * i + p % 2) * channels]);
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) sums[i][p][v] = hn::MulAdd(value, w[v], sums[i][p][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const auto begin = static_cast<int64_t>(static_cast<size_t>(v) * lanes);
      if (begin >= at.filters) break;
      RunningMax<D> best;
      best.start(d, sums[i][0][v], 0);
#pragma GCC unroll 16
      for (int p = 1; p < 4; ++p) best.offer(d, sums[i][p][v], p);
      if (at.relu) best.rectify(d, 0);
      best.store(d, at.pooled + i * g.filters + begin, at.index + i * g.filters + begin,
                 std::min(lanes, static_cast<size_t>(at.filters - begin)));
    }
  }
}

// Most neighbours whose sums fit the registers, by vectors of filters.
constexpr int most_pixels(int vectors) {
  return HWY_TARGET == HWY_AVX3 ? 6 / vectors : 2 / vectors;
}

using PixelFunction = void (*)(const ConvPoolImage&, const Pixels&);
template <int kVectors, int... kPixels>
constexpr std::array<PixelFunction, sizeof...(kPixels)> pixel_table(
    std::integer_sequence<int, kPixels...>) {
  return {forward_pixels<kPixels + 1, kVectors>...};
}
constexpr auto kOneVector = pixel_table<1>(std::make_integer_sequence<int, most_pixels(1)>());
constexpr auto kTwoVectors = pixel_table<2>(std::make_integer_sequence<int, most_pixels(2)>());

void forward(const ConvPoolImage& g, const float* x, const float* packed, float* pooled,
             uint8_t* index, bool relu) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  for (int64_t first = 0; first < g.filters; first += 2 * lanes) {
    const int64_t filters = std::min(2 * lanes, g.filters - first);
    const bool two = filters > lanes;
    const int64_t most = most_pixels(two ? 2 : 1);
    const int64_t parts = (g.out_w + most - 1) / most;
    const float* weights =
        packed + first / kFilterGroup * kFilterGroup * (1 + g.taps) + first % kFilterGroup;
    for (int64_t oh = 0; oh < g.out_h; ++oh) {
      const float* row = x + 2 * oh * g.width * g.channels;
      for (int64_t part = 0; part < parts; ++part) {
        const int64_t begin = g.out_w * part / parts, end = g.out_w * (part + 1) / parts;
        const int64_t at = (oh * g.out_w + begin) * g.filters + first;
        const auto which = static_cast<size_t>(end - begin - 1);
        (two ? kTwoVectors[which] : kOneVector[which])(
            g, {row + 2 * begin * g.channels, weights, pooled + at, index + at, filters, relu});
      }
    }
  }
}

#if HWY_TARGET == HWY_SCALAR
struct Picker {
  hn::Vec<hn::RebindToSigned<D>> position;
  explicit Picker(hn::Vec<hn::RebindToSigned<D>> p) : position(p) {}
  V operator()(const float* four) const { return hn::Set(D(), four[hn::GetLane(position) & 3]); }
};
#else
/// Picks one of four numbers for each lane.
struct Picker {
  using Bytes = hn::Repartition<uint8_t, D>;
  hn::Vec<Bytes> bytes;  // of the numbers, in order

  HWY_INLINE explicit Picker(hn::Vec<hn::RebindToSigned<D>> positions) {
    const hn::RebindToSigned<D> di;
    const auto at = hn::Mul(hn::And(positions, hn::Set(di, 3)), hn::Set(di, 0x04040404));
    bytes = hn::BitCast(Bytes(), hn::Add(at, hn::Set(di, 0x03020100)));
  }
  HWY_INLINE V operator()(const float* four) const {
    const auto all = hn::BitCast(Bytes(), hn::LoadDup128(D(), four));
    return hn::BitCast(D(), hn::TableLookupBytes(all, bytes));
  }
};
#endif

/// The four inputs of each pixel's 2 × 2 window side by side, for the pixels that have one.
void put_windows(const ConvPoolImage& g, const Corners& corners, const float* x, float* windows) {
  const int64_t pixels = g.window_floats() / 4;
  int64_t i = 0;
  for (; i + 4 <= pixels; i += 4) {
    transpose_four(load_four(x + i), load_four(x + i + corners.at[1]),
                   load_four(x + i + corners.at[2]), load_four(x + i + corners.at[3]),
                   windows + 4 * i, 4);
  }
  for (; i < pixels; ++i) {
    for (int p = 0; p < 4; ++p) windows[4 * i + p] = x[i + corners.at[p]];
  }
}

// kTaps taps of one vector of filters over the image. Each pooled gradient came from one of four
// positions, and each filter picks the input there from its tap's window.
template <int kTaps>
void backward_taps(D d, const ConvPoolImage& g, const float* windows, const float* grad,
                   const uint8_t* index, const int64_t* offsets, size_t count, float* sums) {
  const hn::RebindToSigned<D> di;
  V acc[kTaps];
#pragma GCC unroll 16
  for (V& a : acc) a = hn::Zero(d);
  const bool full = count == hn::Lanes(d);
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    const float* from = windows + 8 * oh * g.width * g.channels;
    for (int64_t ow = 0; ow < g.out_w;
         ++ow, from += 8 * g.channels, grad += g.filters, index += g.filters) {
      const auto position = load_positions(d, index, count);
      const auto inside = hn::RebindMask(d, hn::Lt(position, hn::Set(di, 4)));
      const V value =
          hn::IfThenElseZero(inside, full ? hn::LoadU(d, grad) : load_some(d, grad, count));
      const Picker pick(position);
#pragma GCC unroll 16
      for (int t = 0; t < kTaps; ++t) {
        acc[t] = hn::MulAdd(pick(from + 4 * offsets[t]), value, acc[t]);
      }
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t, sums += g.filters) {
    store_some(d, hn::Add(load_some(d, sums, count), acc[t]), sums, count);
  }
}

using TapFunction = void (*)(D, const ConvPoolImage&, const float*, const float*, const uint8_t*,
                             const int64_t*, size_t, float*);
// By number of taps.
constexpr std::array<TapFunction, 13> kTapFunctions = {
    nullptr,           backward_taps<1>,  backward_taps<2>,  backward_taps<3>, backward_taps<4>,
    backward_taps<5>,  backward_taps<6>,  backward_taps<7>,  backward_taps<8>, backward_taps<9>,
    backward_taps<10>, backward_taps<11>, backward_taps<12>,
};

void backward_kernel(const ConvPoolImage& g, const float* x, const float* grad,
                     const uint8_t* index, float* sums, float* windows) {
  const D d;
  put_windows(g, Corners(g), x, windows);
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto most = static_cast<int64_t>(kTapFunctions.size()) - 1;
  // Parts of about equal size: 25 taps are 9 + 8 + 8.
  const int64_t parts = (g.taps + most - 1) / most;
  for (int64_t first = 0; first < g.filters; first += lanes) {
    const auto count = static_cast<size_t>(std::min(lanes, g.filters - first));
    int64_t tap = 0;
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t end = g.taps * (part + 1) / parts;
      kTapFunctions[static_cast<size_t>(end - tap)](d, g, windows, grad + first, index + first,
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
