// The loops of simd/sparse_conv.h.

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/backends/cpu/simd/sparse_conv.h"
#include "danlu/backends/cpu/simd/transpose_block.h"

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
// Of the kernel, in the first-level cache beside the image.
constexpr int64_t kKernelFloats = 9216;

/// What a block of the loops works on: kTaps taps by kVectors vectors of channels. `moving` steps
/// from entry to entry, `sums` stays in registers meanwhile.
struct Block {
  const float* values;
  const int32_t* offsets;
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
  const float* from[kTaps];
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t) {
    from[t] = b.moving + b.moving_offsets[t];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      acc[t][v] = hn::LoadU(d, b.sums + b.sum_offsets[t] + v * lanes);
    }
  }
  const float* value = b.values;
  const float* const end = value + b.count;
  for (const int32_t* at = b.offsets; value != end; ++value, ++at) {
    const V x = hn::Set(d, *value);
    const int64_t offset = *at;
#pragma GCC unroll 16
    for (int t = 0; t < kTaps; ++t) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        acc[t][v] = hn::MulAdd(x, hn::LoadU(d, from[t] + offset + v * lanes), acc[t][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(acc[t][v], d, b.sums + b.sum_offsets[t] + v * lanes);
    }
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
  const Block whole = b;
  for (int64_t c = 0; c < g.channels;) {
    const bool two = c + 2 * lanes <= g.channels;
    b = whole;
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

/// Offsets of a window's positions in the input.
struct Corners {
  std::array<int32_t, kMostSparsePositions> at{};
  int64_t positions;
  explicit Corners(const SparseConvImage& g) : positions(g.pool_h * g.pool_w) {
    for (int64_t p = 0; p < positions; ++p) {
      at[static_cast<size_t>(p)] =
          static_cast<int32_t>((p / g.pool_w * g.width + p % g.pool_w) * g.channels);
    }
  }
};

/// 0, channels, 2 channels …: how the taps lie in sums.
struct Dense {
  std::array<int64_t, 256> at;
  explicit Dense(const SparseConvImage& g) {
    for (int64_t t = 0; t < g.taps; ++t) at[static_cast<size_t>(t)] = t * g.channels;
  }
};

// Where the position of a window's maximum lies in the input.
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> corners_at(const Corners& corners,
                                                     hn::Vec<hn::RebindToSigned<D>> positions) {
  const hn::RebindToSigned<D> di;
  constexpr size_t kLanes = hn::MaxLanes(di);
  const auto look_up = [&](const int32_t* table) HWY_ATTR {
    const auto which = hn::And(positions, hn::Set(di, static_cast<int32_t>(kLanes - 1)));
    return hn::TableLookupLanes(hn::LoadU(di, table), hn::IndicesFromVec(di, which));
  };
  auto found = look_up(corners.at.data());
  for (size_t first = kLanes; first < kMostSparsePositions; first += kLanes) {
    const auto below = hn::Lt(positions, hn::Set(di, static_cast<int32_t>(first)));
    found = hn::IfThenElse(below, found, look_up(corners.at.data() + first));
  }
  return found;
}

// Filters and pixels that are sorted together.
constexpr int64_t kTile = 16;

/// The gradients of kTile filters, filter by filter and without the zeros.
class FilterLists {
 public:
  FilterLists(const SparseConvImage& g, SparseList list)
      : g_(g), corners_(g), list_(list), stride_(g.listed_pixels() + kTile) {}

  /// Lists `filters` filters from `grad` and `index` on, in rows [begin, end) of the images.
  void fill(int64_t begin, int64_t end, const float* grad, const uint8_t* index, int64_t filters) {
    std::fill(counts_, counts_ + kTile, 0);
    grad += begin * g_.out_w * g_.filters;
    index += begin * g_.out_w * g_.filters;
    int64_t pixel = 0;
    for (int64_t row = begin; row < end; ++row) {
      auto corner = static_cast<int32_t>(row / g_.out_h * g_.image_size +
                                         row % g_.out_h * g_.pool_h * g_.width * g_.channels);
      for (int64_t ow = 0; ow < g_.out_w; ++ow, grad += g_.filters, index += g_.filters) {
        put(grad, index, filters, corner, pixel);
        if (++pixel == kTile) {
          append(filters);
          pixel = 0;
        }
        corner += static_cast<int32_t>(g_.pool_w * g_.channels);
      }
    }
    if (pixel > 0) {
      std::fill(values_ + pixel * kTile, values_ + kTile * kTile, 0.0f);
      append(filters);
    }
  }

  const float* values(int64_t filter) const { return list_.values + filter * stride_; }
  const int32_t* offsets(int64_t filter) const { return list_.offsets + filter * stride_; }
  int64_t count(int64_t filter) const { return counts_[filter]; }

 private:
  static constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));

  // One pixel's gradients, and where they belong in the input, into the tile.
  HWY_INLINE void put(const float* grad, const uint8_t* index, int64_t filters, int32_t corner,
                      int64_t pixel) {
    const D d;
    const hn::RebindToSigned<D> di;
    for (int64_t f = 0; f < filters; f += kLanes) {
      const auto n = static_cast<size_t>(std::min(kLanes, filters - f));
      const V value = n == kLanes ? hn::LoadU(d, grad + f) : load_some(d, grad + f, n);
      const auto where = load_positions(d, index + f, n);
      const auto inside = hn::Lt(where, hn::Set(di, static_cast<int32_t>(corners_.positions)));
      hn::StoreU(hn::IfThenElseZero(hn::RebindMask(d, inside), value), d,
                 values_ + pixel * kTile + f);
      hn::StoreU(hn::Add(corners_at(corners_, where), hn::Set(di, corner)), di,
                 offsets_ + pixel * kTile + f);
    }
  }

  static void transpose(const void* from, void* to) {
    for (int64_t row = 0; row < kTile; row += 4) {
      for (int64_t column = 0; column < kTile; column += 4) {
        transpose_block(static_cast<const float*>(from) + row * kTile + column, kTile,
                        static_cast<float*>(to) + column * kTile + row, kTile);
      }
    }
  }

  void append(int64_t filters) {
    const D d;
    const hn::RebindToSigned<D> di;
    HWY_ALIGN float values[kTile * kTile];
    HWY_ALIGN int32_t offsets[kTile * kTile];
    transpose(values_, values);
    transpose(offsets_, offsets);
    for (int64_t f = 0; f < filters; ++f) {
      for (int64_t i = f * kTile; i < (f + 1) * kTile; i += kLanes) {
        const V value = hn::LoadU(d, values + i);
        const auto some = hn::Not(hn::Eq(value, hn::Zero(d)));  // NaN is not 0
        const auto where = hn::Compress(hn::LoadU(di, offsets + i), hn::RebindMask(di, some));
        const int64_t at = f * stride_ + counts_[f];
        hn::StoreU(hn::Compress(value, some), d, list_.values + at);
        hn::StoreU(where, di, list_.offsets + at);
        counts_[f] += static_cast<int64_t>(hn::CountTrue(d, some));
      }
    }
  }

  const SparseConvImage& g_;
  const Corners corners_;
  const SparseList list_;
  const int64_t stride_;
  int64_t counts_[kTile];
  // (pixels, filters), before the tile is full.
  HWY_ALIGN float values_[kTile * kTile];
  HWY_ALIGN int32_t offsets_[kTile * kTile] = {};
};

// Asks for the lines of memory that is about to be written.
HWY_INLINE void fetch_to_write(const float* begin, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) {
#if HWY_ARCH_X86
    asm volatile("prefetchw %0" ::"m"(begin[i]));
#endif
  }
}

void backward_kernel(const SparseConvImage& g, int64_t images, const float* x, const float* grad,
                     const uint8_t* index, float* sums, const float* written, SparseList list) {
  const int64_t filter_size = g.taps * g.channels;
  const Dense dense(g);
  FilterLists lists(g, list);
  const int64_t rows = images * g.out_h, strip = g.listed_pixels() / g.out_w;
  for (int64_t row = 0; row < rows; row += strip) {
    int64_t at = 0;
    for (int64_t first = 0; first < g.filters; first += kTile) {
      const int64_t filters = std::min(kTile, g.filters - first);
      lists.fill(row, std::min(rows, row + strip), grad + first, index + first, filters);
      for (int64_t f = 0; f < filters; ++f, at += filter_size) {
        accumulate_all(g, {lists.values(f), lists.offsets(f), lists.count(f), x, g.offsets,
                           sums + at, dense.at.data()});
        if (written != nullptr && row == 0) fetch_to_write(written + at, filter_size);
      }
    }
  }
}

// Sorts the gradients of all filters by the position they came from, without the zeros: list p
// begins `stride` entries after list p − 1 and gets counts[p] entries.
HWY_INLINE void sort_by_position(const float* grad, const uint8_t* index, int positions,
                                 int32_t filter_floats, int64_t filters, SparseList list,
                                 int64_t stride, int64_t* counts) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  std::fill(counts, counts + positions, 0);
  for (int64_t f = 0; f < filters; f += lanes) {
    const auto n = static_cast<size_t>(std::min(lanes, filters - f));
    const V value = load_some(d, grad + f, n);  // 0 behind the last
    const auto where = load_positions(d, index + f, n);
    const auto offsets = hn::Mul(hn::Iota(di, static_cast<int32_t>(f)), hn::Set(di, filter_floats));
    const auto some = hn::Not(hn::Eq(value, hn::Zero(d)));  // NaN is not 0
    for (int p = 0; p < positions; ++p) {
      const auto here = hn::And(hn::RebindMask(d, hn::Eq(where, hn::Set(di, p))), some);
      const int64_t at = p * stride + counts[p];
      hn::StoreU(hn::Compress(value, here), d, list.values + at);
      hn::StoreU(hn::Compress(offsets, hn::RebindMask(di, here)), di, list.offsets + at);
      counts[p] += static_cast<int64_t>(hn::CountTrue(d, here));
    }
  }
}

// Whether the inputs of a 2 × 2 window under a kernel of 3 × 3, a vector of channels of each, stay
// in registers.
constexpr bool kHasWindows = HWY_TARGET == HWY_AVX3;
bool has_windows(const SparseConvImage& g) {
  if (!kHasWindows || g.pool_h != 2 || g.pool_w != 2 || g.taps != 9) return false;
  for (int64_t tap = 0; tap < 9; ++tap) {
    if (g.offsets[tap] != (tap / 3 * g.width + tap % 3) * g.channels) return false;
  }
  return true;
}

SparseSlices slices_of(const SparseConvImage& g) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  if (has_windows(g)) return {lanes, 9, 1};
  const int64_t channels = g.channels % (2 * lanes) == 0 ? 2 * lanes : lanes;
  const int64_t most = std::clamp<int64_t>(kKernelFloats / (g.filters * channels), 1, kMostTaps);
  const int64_t groups = (g.taps + most - 1) / most;
  return {channels, (g.taps + groups - 1) / groups, groups};
}

/// One list of gradients and the input they came from.
struct Spread {
  const float* values;
  const int32_t* offsets;  ///< in the slice
  int64_t count;
  const float* slice;
  float* corner;
  const int64_t* tap_offsets;
};

/// The taps' pixels += Σ value · the slice's row, all in registers. With few sums every second
/// entry has its own, so that none waits for the one before.
template <int kTaps, int kVectors>
void spread(const Spread& s) {
  const D d;
  constexpr size_t kLanes = hn::MaxLanes(d);
  constexpr int kSums = kTaps * kVectors;
  constexpr int kSets = kSums <= 6 ? 2 : 1;
  V sums[kSets][kSums];
#pragma GCC unroll 32
  for (int i = 0; i < kSums; ++i) {
    sums[0][i] = hn::LoadU(d, s.corner + s.tap_offsets[i / kVectors] + i % kVectors * kLanes);
    if constexpr (kSets > 1) sums[1][i] = hn::Zero(d);
  }
  const float* value = s.values;
  const int32_t* offset = s.offsets;
  const float* const end = value + s.count;
  const auto add = [&](V* to, int64_t at) HWY_ATTR {
    const V x = hn::Set(d, value[at]);
    const float* row = s.slice + offset[at];
#pragma GCC unroll 32
    for (int i = 0; i < kSums; ++i) to[i] = hn::MulAdd(x, hn::Load(d, row + i * kLanes), to[i]);
  };
  if constexpr (kSets > 1) {
    for (; value + 1 < end; value += 2, offset += 2) {
      add(sums[0], 0);
      add(sums[1], 1);
    }
  }
  for (; value < end; ++value, ++offset) add(sums[0], 0);
#pragma GCC unroll 32
  for (int i = 0; i < kSums; ++i) {
    if constexpr (kSets > 1) sums[0][i] = hn::Add(sums[0][i], sums[1][i]);
    hn::StoreU(sums[0][i], d, s.corner + s.tap_offsets[i / kVectors] + i % kVectors * kLanes);
  }
}

using SpreadFunction = void (*)(const Spread&);
template <int kVectors, int... kTaps>
constexpr std::array<SpreadFunction, sizeof...(kTaps)> spread_table(
    std::integer_sequence<int, kTaps...>) {
  return {spread<kTaps + 1, kVectors>...};
}
constexpr auto kSpreadOne = spread_table<1>(std::make_integer_sequence<int, kMostTaps>());
constexpr auto kSpreadTwo = spread_table<2>(std::make_integer_sequence<int, kMostTaps>());

// Filters whose gradients are looked for together: one bit each.
constexpr int64_t kBits = 64;

/// bits[p]: the filters whose gradient is not 0 and came from position p.
HWY_INLINE void bits_by_position(const float* grad, const uint8_t* index, int64_t filters,
                                 uint64_t (&bits)[4]) {
  const D d;
  const hn::RebindToSigned<D> di;
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(d));
  std::fill(bits, bits + 4, 0);
  for (int64_t f = 0; f < filters; f += kLanes) {
    const auto n = static_cast<size_t>(std::min(kLanes, filters - f));
    const V value = load_some(d, grad + f, n);  // 0 behind the last
    const auto where = load_positions(d, index + f, n);
    const auto some = hn::Not(hn::Eq(value, hn::Zero(d)));  // NaN is not 0
    for (int p = 0; p < 4; ++p) {
      const auto here = hn::And(hn::RebindMask(d, hn::Eq(where, hn::Set(di, p))), some);
      uint64_t mask = 0;
      hn::StoreMaskBits(d, here, reinterpret_cast<uint8_t*>(&mask));
      bits[p] |= mask << f;
    }
  }
}

/// Inputs of one 2 × 2 window += Σ gradient · its filter's rows (3 × 3 taps, channels).
HWY_INLINE void spread_window(const uint64_t (&bits)[4], const float* grad, const float* filters,
                              float* corner, int64_t row_stride, int64_t pixel_stride) {
  const D d;
  constexpr size_t kLanes = hn::MaxLanes(d);
  V sums[4][4];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    sums[i / 4][i % 4] = hn::LoadU(d, corner + i / 4 * row_stride + i % 4 * pixel_stride);
  }
#pragma GCC unroll 4
  for (int p = 0; p < 4; ++p) {
    for (uint64_t left = bits[p]; left != 0; left &= left - 1) {
      const int filter = __builtin_ctzll(left);
      const V value = hn::Set(d, grad[filter]);
      const float* rows = filters + static_cast<size_t>(filter) * 9 * kLanes;
#pragma GCC unroll 16
      for (int t = 0; t < 9; ++t) {
        V& sum = sums[p / 2 + t / 3][p % 2 + t % 3];
        sum = hn::MulAdd(value, hn::Load(d, rows + static_cast<size_t>(t) * kLanes), sum);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    hn::StoreU(sums[i / 4][i % 4], d, corner + i / 4 * row_stride + i % 4 * pixel_stride);
  }
}

void backward_windows(const SparseConvImage& g, int64_t images, const float* kernel,
                      const float* grad, const uint8_t* index, float* dx) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  const int64_t pixels = images * g.out_h * g.out_w;
  uint64_t bits[kSparsePixels][4];
  float* corners[kSparsePixels];
  for (int64_t begin = 0; begin < pixels; begin += kSparsePixels) {
    const int64_t count = std::min(kSparsePixels, pixels - begin);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = (begin + i) / g.out_w, column = (begin + i) % g.out_w;
      corners[i] = dx + row / g.out_h * g.image_size +
                   (row % g.out_h * 2 * g.width + column * 2) * g.channels;
    }
    for (int64_t f = 0; f < g.filters; f += kBits) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t at = (begin + i) * g.filters + f;
        bits_by_position(grad + at, index + at, std::min(kBits, g.filters - f), bits[i]);
      }
      for (int64_t c = 0; c < g.channels; c += kLanes) {
        const float* filters = kernel + (c * g.filters + f * kLanes) * 9;
        for (int64_t i = 0; i < count; ++i) {
          spread_window(bits[i], grad + (begin + i) * g.filters + f, filters, corners[i] + c,
                        g.width * g.channels, g.channels);
        }
      }
    }
  }
}

void backward_input(const SparseConvImage& g, int64_t images, const float* kernel,
                    const float* grad, const uint8_t* index, float* dx, SparseList list) {
  if (has_windows(g)) {
    backward_windows(g, images, kernel, grad, index, dx);
    return;
  }
  const Corners corners(g);
  const SparseSlices slices = slices_of(g);
  const auto& table =
      slices.channels == static_cast<int64_t>(hn::Lanes(D())) ? kSpreadOne : kSpreadTwo;
  const auto positions = static_cast<int>(corners.positions);
  const int64_t stride = g.filters + 16;
  const int64_t rows = images * g.out_h;
  const int64_t strip = std::max<int64_t>(1, kSparsePixels / g.out_w);
  int64_t counts[kSparsePixels * kMostSparsePositions];
  float* pixel_corners[kSparsePixels];
  for (int64_t first = 0; first < rows; first += strip) {
    for (int64_t column = 0; column < g.out_w; column += kSparsePixels) {
      int64_t pixels = 0;
      for (int64_t row = first; row < std::min(rows, first + strip); ++row) {
        for (int64_t ow = column; ow < std::min(g.out_w, column + kSparsePixels); ++ow, ++pixels) {
          const int64_t at = (row * g.out_w + ow) * g.filters;
          pixel_corners[pixels] = dx + row / g.out_h * g.image_size +
                                  (row % g.out_h * g.pool_h * g.width + ow * g.pool_w) * g.channels;
          sort_by_position(grad + at, index + at, positions,
                           static_cast<int32_t>(slices.filter_floats()), g.filters,
                           {list.values + pixels * positions * stride,
                            list.offsets + pixels * positions * stride},
                           stride, counts + pixels * positions);
        }
      }
      const float* slice = kernel;
      for (int64_t c = 0; c < g.channels; c += slices.channels) {
        for (int64_t group = 0; group < slices.tap_groups;
             ++group, slice += slices.slice_floats(g.filters)) {
          const int64_t tap = group * slices.taps;
          const int64_t taps = std::min(slices.taps, g.taps - tap);
          const SpreadFunction function = table[static_cast<size_t>(taps - 1)];
          for (int64_t i = 0; i < pixels * positions; ++i) {
            if (counts[i] == 0) continue;
            function(
                {list.values + i * stride, list.offsets + i * stride, counts[i], slice,
                 pixel_corners[i / positions] + corners.at[static_cast<size_t>(i % positions)] + c,
                 g.offsets + tap});
          }
        }
      }
    }
  }
}

}  // namespace

SparseConvFunctions sparse_conv_choice() { return {slices_of, backward_kernel, backward_input}; }

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
