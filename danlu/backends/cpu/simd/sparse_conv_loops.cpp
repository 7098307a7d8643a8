// The loops of simd/sparse_conv.h.

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/backends/cpu/simd/sparse_conv.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/sparse_conv_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/pool-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

// At most 16 lanes, so that whole vectors fill kSparseChannels.
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

// Taps whose sums are in registers together, two vectors of channels each.
#if HWY_TARGET == HWY_AVX3
constexpr int kMostTaps = 12;
#else
constexpr int kMostTaps = 6;
#endif

/// What a block of the loops works on: kTaps taps by kVectors vectors of channels. `moving` steps
/// from entry to entry, `sums` stays in registers meanwhile.
struct Block {
  const SparseEntry* list;
  int64_t count;
  const float* moving;
  const int64_t* moving_offsets;
  float* sums;
  const int64_t* sum_offsets;
};

template <int kTaps, int kVectors>
void accumulate(const Block& b) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  V acc[kTaps][kVectors];
  int64_t at[kTaps];
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t) {
    at[t] = b.moving_offsets[t];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v)
      acc[t][v] = hn::LoadU(d, b.sums + b.sum_offsets[t] + v * lanes);
  }
  for (int64_t i = 0; i < b.count; ++i) {
    const V value = hn::Set(d, b.list[i].value);
    const float* from = b.moving + b.list[i].offset;
#pragma GCC unroll 16
    for (int t = 0; t < kTaps; ++t) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        acc[t][v] = hn::MulAdd(value, hn::LoadU(d, from + at[t] + v * lanes), acc[t][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v)
      hn::StoreU(acc[t][v], d, b.sums + b.sum_offsets[t] + v * lanes);
  }
}

using BlockFunction = void (*)(const Block&);
template <int kVectors, int... kTaps>
constexpr std::array<BlockFunction, sizeof...(kTaps)> block_table(
    std::integer_sequence<int, kTaps...>) {
  return {accumulate<kTaps + 1, kVectors>...};
}
constexpr auto kOneVector = block_table<1>(std::make_integer_sequence<int, kMostTaps>());
constexpr auto kTwoVectors = block_table<2>(std::make_integer_sequence<int, kMostTaps>());

// All taps and channels, block by block.
void accumulate_all(const SparseConvImage& g, Block b) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t parts = (g.taps + kMostTaps - 1) / kMostTaps;
  const Block start = b;
  for (int64_t c = 0; c < g.channels;) {
    const bool two = c + 2 * lanes <= g.channels;
    b = start;
    b.moving += c;
    b.sums += c;
    int64_t tap = 0;
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t end = g.taps * (part + 1) / parts;
      const auto which = static_cast<size_t>(end - tap - 1);
      (two ? kTwoVectors : kOneVector)[which](b);
      b.moving_offsets += end - tap;
      b.sum_offsets += end - tap;
      tap = end;
    }
    c += two ? 2 * lanes : lanes;
  }
}

/// Offsets of a window's positions in the input, for every index there may be.
struct Corners {
  std::array<int32_t, 256> at{};
  int64_t positions;
  explicit Corners(const SparseConvImage& g) : positions(g.pool_h * g.pool_w) {
    for (int64_t p = 0; p < positions; ++p) {
      at[static_cast<size_t>(p)] =
          static_cast<int32_t>((p / g.pool_w * g.width + p % g.pool_w) * g.channels);
    }
  }
};

/// 0, channels, 2 channels …: how the taps lie in sums and in the transposed kernel.
struct Dense {
  std::array<int64_t, 256> at;
  explicit Dense(const SparseConvImage& g) {
    for (size_t t = 0; t < at.size(); ++t) at[t] = static_cast<int64_t>(t) * g.channels;
  }
};

void backward_kernel(const SparseConvImage& g, const float* x, const float* grad,
                     const uint8_t* index, float* sums, SparseEntry* list) {
  const Corners corners(g);
  const Dense dense(g);
  for (int64_t f = 0; f < g.filters; ++f, sums += g.taps * g.channels) {
    int64_t count = 0;
    const float* value = grad + f;
    const uint8_t* position = index + f;
    for (int64_t oh = 0; oh < g.out_h; ++oh) {
      auto corner = static_cast<int32_t>(oh * g.pool_h * g.width * g.channels);
      for (int64_t ow = 0; ow < g.out_w; ++ow) {
        // Written always, kept where there is a gradient: no branch to guess wrong.
        list[count] = {*value, corner + corners.at[*position]};
        count +=
            static_cast<int64_t>(*value != 0) & static_cast<int64_t>(*position < corners.positions);
        corner += static_cast<int32_t>(g.pool_w * g.channels);
        value += g.filters;
        position += g.filters;
      }
    }
    accumulate_all(g, {list, count, x, g.offsets, sums, dense.at.data()});
  }
}

void backward_input(const SparseConvImage& g, const float* kernel, const float* grad,
                    const uint8_t* index, float* dx, SparseEntry* list) {
  const Corners corners(g);
  const Dense dense(g);
  const auto filter_size = static_cast<int32_t>(g.taps * g.channels);
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    for (int64_t ow = 0; ow < g.out_w; ++ow, grad += g.filters, index += g.filters) {
      float* corner = dx + (oh * g.pool_h * g.width + ow * g.pool_w) * g.channels;
      for (int64_t p = 0; p < corners.positions; ++p) {
        int64_t count = 0;
        for (int64_t f = 0; f < g.filters; ++f) {
          list[count] = {grad[f], static_cast<int32_t>(f) * filter_size};
          count += static_cast<int64_t>(grad[f] != 0) & static_cast<int64_t>(index[f] == p);
        }
        if (count == 0) continue;
        accumulate_all(g, {list, count, kernel, dense.at.data(),
                           corner + corners.at[static_cast<size_t>(p)], g.offsets});
      }
    }
  }
}

}  // namespace

SparseConvFunctions sparse_conv_choice() { return {backward_kernel, backward_input}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

SparseConvFunctions sparse_conv_functions(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::sparse_conv_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::sparse_conv_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(sparse_conv_choice)();
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
