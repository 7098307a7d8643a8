#include "danlu/backends/cpu/simd/sort_loops.h"

#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/sort_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using DU = hn::RebindToUnsigned<D>;
using DI = hn::RebindToSigned<D>;

/// Negative numbers have all bits changed, others the first.
HWY_INLINE hn::Vec<DU> keys_of(V x) {
  const DU du;
  const DI di;
  const auto sign = hn::BitCast(du, hn::ShiftRight<31>(hn::BitCast(di, x)));
  const auto key = hn::Xor(hn::BitCast(du, x), hn::Or(sign, hn::Set(du, 0x80000000u)));
  return hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(x)), hn::Set(du, 0xffffffffu), key);
}

HWY_INLINE V elements_of(hn::Vec<DU> key) {
  const DU du;
  const DI di;
  const auto not_sign = hn::BitCast(du, hn::ShiftRight<31>(hn::BitCast(di, hn::Not(key))));
  return hn::BitCast(D(), hn::Xor(key, hn::Or(not_sign, hn::Set(du, 0x80000000u))));
}

void to_keys(const float* x, int64_t n, uint32_t* keys) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(keys_of(hn::LoadU(d, x + i)), DU(), keys + i);
  if (i < n) {
    const auto rest = static_cast<size_t>(n - i);
    store_some(d, hn::BitCast(d, keys_of(load_some(d, x + i, rest))),
               reinterpret_cast<float*>(keys + i), rest);
  }
}

void from_keys(const uint32_t* keys, int64_t n, float* y) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(elements_of(hn::LoadU(DU(), keys + i)), d, y + i);
  if (i < n) {
    const auto rest = static_cast<size_t>(n - i);
    const V some = load_some(d, reinterpret_cast<const float*>(keys + i), rest);
    store_some(d, elements_of(hn::BitCast(DU(), some)), y + i, rest);
  }
}

bool copy_ordered(const float* x, int64_t n, float* y) {
  const D d;
  const DU du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto minus_zero = hn::Set(du, 0x80000000u);
  const auto odd = [&](V v) HWY_ATTR {
    return hn::Or(hn::IsNaN(v), hn::RebindMask(d, hn::Eq(hn::BitCast(du, v), minus_zero)));
  };
  auto found = hn::FirstN(d, 0);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V v = hn::LoadU(d, x + i);
    found = hn::Or(found, odd(v));
    hn::StoreU(v, d, y + i);
  }
  if (i < n) {
    const auto rest = static_cast<size_t>(n - i);
    const V v = load_some(d, x + i, rest);
    found = hn::Or(found, odd(v));
    store_some(d, v, y + i, rest);
  }
  return hn::AllFalse(d, found);
}

int64_t find_above(const float* x, int64_t begin, int64_t n, float bound) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const V most = hn::Set(d, bound);
  int64_t i = begin;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto a =
        hn::And(hn::Le(hn::LoadU(d, x + i), most), hn::Le(hn::LoadU(d, x + i + lanes), most));
    const auto b = hn::And(hn::Le(hn::LoadU(d, x + i + 2 * lanes), most),
                           hn::Le(hn::LoadU(d, x + i + 3 * lanes), most));
    if (!hn::AllTrue(d, hn::And(a, b))) break;
  }
  for (; i < n; ++i) {
    if (!(x[i] <= bound)) return i;
  }
  return n;
}

}  // namespace

void fill_sort_loops(SortLoops& loops) {
  loops = {.to_keys = to_keys,
           .from_keys = from_keys,
           .copy_ordered = copy_ordered,
           .find_above = find_above};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const SortLoops& sort_loops(Isa isa) {
  static const auto all = [] {
    std::array<SortLoops, 3> loops;
    for (SortLoops& each : loops) HWY_STATIC_DISPATCH(fill_sort_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_sort_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512) N_AVX3::fill_sort_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
