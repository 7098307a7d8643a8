#include "danlu/backends/cpu/simd/random_loops.h"

#include <array>
#include <cmath>
#include <limits>

#include "danlu/base/philox.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/random_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, kBlocksAtOnce>;
using V = hn::Vec<D>;
using D64 = hn::Rebind<uint64_t, D>;
using V64 = hn::Vec<D64>;
using F = hn::Rebind<float, D>;

/// Lower halves of the lanes times `factor`; what stands in the upper halves does not matter.
HWY_INLINE V64 wide_product(V64 x, uint32_t factor) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(D64(), (hn::GetLane(x) & 0xffffffff) * factor);
#else
  const hn::Repartition<uint32_t, D64> d;
  return hn::MulEven(hn::BitCast(d, x), hn::Set(d, factor));
#endif
}

/// The four words of a block in each lane, in the lower halves of words[0 … 3].
HWY_INLINE void philox(const PhiloxRange& range, uint64_t first, V64* words) {
  const D64 d;
  const V64 low = hn::Iota(d, first);
  V64 a = low, b = hn::ShiftRight<32>(low);
  V64 c = hn::Set(d, range.counter), e = hn::Set(d, range.counter >> 32);
  auto key0 = static_cast<uint32_t>(range.seed), key1 = static_cast<uint32_t>(range.seed >> 32);
  for (int round = 0; round < Philox4x32::kRounds; ++round) {
    const V64 p0 = wide_product(a, Philox4x32::kMultiplier0);
    const V64 p1 = wide_product(c, Philox4x32::kMultiplier1);
    a = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), b), hn::Set(d, uint64_t{key0}));
    b = p1;
    c = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), e), hn::Set(d, uint64_t{key1}));
    e = p0;
    key0 += Philox4x32::kWeyl0;
    key1 += Philox4x32::kWeyl1;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = e;
}

/// The lower half of each lane, shifted to the right, as a double: the mantissa of a number between
/// 2^52 and 2^53.
template <int kShift>
HWY_INLINE V to_double(V64 word) {
  const D64 d64;
  const V64 shifted = hn::ShiftRight<kShift>(hn::And(word, hn::Set(d64, uint64_t{0xffffffff})));
  const V sum = hn::BitCast(D(), hn::Or(shifted, hn::Set(d64, uint64_t{0x4330000000000000})));
  return hn::Sub(sum, hn::Set(D(), 0x1p52));
}

HWY_INLINE void store(V a, V b, V c, V e, float* out) {
  const F f;
  hn::StoreInterleaved4(hn::DemoteTo(f, a), hn::DemoteTo(f, b), hn::DemoteTo(f, c),
                        hn::DemoteTo(f, e), f, out);
}

void uniform(const PhiloxRange& range, double low, double high, float* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const V start = hn::Set(d, low), width = hn::Set(d, high - low), unit = hn::Set(d, 0x1p-24);
  const V end = hn::Set(d, high);
  for (int64_t block = 0; block < range.blocks; block += lanes, out += 4 * lanes) {
    V64 words[4];
    philox(range, range.first + static_cast<uint64_t>(block), words);
    V x[4];
    auto reached = hn::FirstN(d, 0);
    for (int i = 0; i < 4; ++i) {
      x[i] = hn::Add(start, hn::Mul(width, hn::Mul(to_double<8>(words[i]), unit)));
      reached = hn::Or(reached, hn::Ge(hn::PromoteTo(d, hn::DemoteTo(F(), x[i])), end));
    }
    store(x[0], x[1], x[2], x[3], out);
    // Rounding to float may reach the open end.
    for (int64_t i = 0; !hn::AllFalse(d, reached) && i < 4 * lanes; ++i) {
      if (static_cast<double>(out[i]) >= high) {
        out[i] = std::nextafter(out[i], -std::numeric_limits<float>::infinity());
      }
    }
  }
}

/// Two normal numbers of two words.
HWY_INLINE void box_muller(D d, V64 a, V64 b, V mean, V stddev, V& x, V& y) {
  const V half = hn::Set(d, 0.5), scale = hn::Set(d, 0x1p-32);
  const V u = hn::Mul(hn::Add(to_double<0>(a), half), scale);
  const V v = hn::Mul(hn::Add(to_double<0>(b), half), scale);
  const V radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0), hn::Log(d, u)));
  const V angle = hn::Mul(hn::Set(d, 6.283185307179586476925), v);
  x = hn::Add(mean, hn::Mul(stddev, hn::Mul(radius, hn::Cos(d, angle))));
  y = hn::Add(mean, hn::Mul(stddev, hn::Mul(radius, hn::Sin(d, angle))));
}

void normal(const PhiloxRange& range, double mean, double stddev, float* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const V center = hn::Set(d, mean), spread = hn::Set(d, stddev);
  for (int64_t block = 0; block < range.blocks; block += lanes, out += 4 * lanes) {
    V64 words[4];
    philox(range, range.first + static_cast<uint64_t>(block), words);
    V x[4];
    box_muller(d, words[0], words[1], center, spread, x[0], x[1]);
    box_muller(d, words[2], words[3], center, spread, x[2], x[3]);
    store(x[0], x[1], x[2], x[3], out);
  }
}

void bernoulli(const PhiloxRange& range, uint64_t bound, bool* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const V limit = hn::Set(d, static_cast<double>(bound));
  alignas(64) float chosen[4 * kBlocksAtOnce];
  for (int64_t block = 0; block < range.blocks; block += lanes, out += 4 * lanes) {
    V64 words[4];
    philox(range, range.first + static_cast<uint64_t>(block), words);
    V x[4];
    for (int i = 0; i < 4; ++i) {
      x[i] = hn::IfThenElseZero(hn::Lt(to_double<0>(words[i]), limit), hn::Set(d, 1.0));
    }
    store(x[0], x[1], x[2], x[3], chosen);
    for (int64_t i = 0; i < 4 * lanes; ++i) out[i] = chosen[i] != 0;
  }
}

}  // namespace

void fill_random_loops(RandomLoops& loops) { loops = {uniform, normal, bernoulli}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const RandomLoops& random_loops(Isa isa) {
  static const auto all = [] {
    std::array<RandomLoops, 3> loops;
    for (RandomLoops& each : loops) HWY_STATIC_DISPATCH(fill_random_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    N_AVX2::fill_random_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    N_AVX3::fill_random_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
