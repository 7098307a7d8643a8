// Running maxima with their positions. Included once per target.

#if defined(DANLU_BACKENDS_CPU_SIMD_POOL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DANLU_BACKENDS_CPU_SIMD_POOL_INL_H_
#undef DANLU_BACKENDS_CPU_SIMD_POOL_INL_H_
#else
#define DANLU_BACKENDS_CPU_SIMD_POOL_INL_H_
#endif

#include <hwy/highway.h>

#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {

/// The greatest of the values offered so far in each lane and which one it was. The first maximum
/// wins, NaN wins over numbers.
template <class D>
struct RunningMax {
  using DI = hn::RebindToSigned<D>;
  hn::Vec<D> best;
  hn::Vec<DI> index;

  HWY_INLINE void start(D, hn::Vec<D> x, int position) {
    best = x;
    index = hn::Set(DI(), position);
  }
  HWY_INLINE void offer(D d, hn::Vec<D> x, int position) {
    // !(x <= best) holds for a greater x and for NaN on either side.
    const auto take = hn::AndNot(hn::Le(x, best), hn::Eq(best, best));
    best = hn::IfThenElse(take, x, best);
    index = hn::IfThenElse(hn::RebindMask(DI(), take), hn::Set(DI(), position), index);
    (void)d;
  }
  /// As if every value had been max(value, 0), where `first` is the first position.
  HWY_INLINE void rectify(D d, int first) {
    const auto none = hn::Le(best, hn::Zero(d));
    best = hn::IfThenElse(none, hn::Zero(d), best);
    index = hn::IfThenElse(hn::RebindMask(DI(), none), hn::Set(DI(), first), index);
  }
  /// Writes the first `count` ≤ Lanes lanes.
  HWY_INLINE void store(D d, float* values, uint8_t* positions, size_t count) const {
    const hn::Rebind<uint8_t, D> d8;
    const auto narrow = hn::DemoteTo(d8, index);
    if (count == hn::Lanes(d)) {
      hn::StoreU(best, d, values);
      hn::StoreU(narrow, d8, positions);
      return;
    }
    store_some(d, best, values, count);
    uint8_t lanes[HWY_MAX_BYTES];
    hn::StoreU(narrow, d8, lanes);
    for (size_t i = 0; i < count; ++i) positions[i] = lanes[i];
  }
};

/// The first `count` ≤ Lanes positions as int32; 255 behind them.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> load_positions(D d, const uint8_t* index, size_t count) {
  const hn::Rebind<uint8_t, D> d8;
  const hn::RebindToSigned<D> di;
  if (count == hn::Lanes(d)) return hn::PromoteTo(di, hn::LoadU(d8, index));
  uint8_t lanes[HWY_MAX_BYTES];
  for (size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = i < count ? index[i] : 255;
  return hn::PromoteTo(di, hn::LoadU(d8, lanes));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#endif  // include guard
