#include "danlu/backends/cpu/simd/running_sum.h"

#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/running_sum.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using HalfD = hn::Half<D>;
using Wide = hn::Rebind<double, HalfD>;

/// The sums of the first 1, 2, … lanes, in log₂ steps: in the step of width w every second group of
/// w lanes adds the last sum of the group before it.
class LaneSums {
 public:
  LaneSums() {
    const size_t lanes = hn::Lanes(D());
    for (size_t width = 1, s = 0; width < lanes; width *= 2, ++s) {
      for (size_t i = 0; i < lanes; ++i) {
        const bool adds = (i & width) != 0;
        from_[s][i] = adds ? static_cast<int32_t>(i / width * width - 1) : 0;
        on_[s][i] = adds ? 1.0f : 0.0f;
      }
    }
    for (size_t i = 0; i < lanes; ++i) {
      before_[i] = i == 0 ? 0 : static_cast<int32_t>(i - 1);
      last_[i] = static_cast<int32_t>(lanes - 1);
    }
  }

  HWY_INLINE V sums(V v) const {
    const D d;
    const size_t lanes = hn::Lanes(d);
    HWY_UNROLL(4)
    for (size_t width = 1, s = 0; width < lanes; width *= 2, ++s) {
      const V other = hn::TableLookupLanes(v, hn::SetTableIndices(d, from_[s]));
      v = hn::Add(v, hn::IfThenElseZero(hn::Ne(hn::Load(d, on_[s]), hn::Zero(d)), other));
    }
    return v;
  }
  /// Moved up by one lane, with 0 in the first.
  HWY_INLINE V shifted(V v) const {
    const D d;
    const V moved = hn::TableLookupLanes(v, hn::SetTableIndices(d, before_));
    return hn::IfThenZeroElse(hn::FirstN(d, 1), moved);
  }
  HWY_INLINE float last(V v) const {
    return hn::GetLane(hn::TableLookupLanes(v, hn::SetTableIndices(D(), last_)));
  }

 private:
  static constexpr size_t kMost = HWY_MAX_BYTES / sizeof(float);
  alignas(64) int32_t from_[5][kMost] = {};
  alignas(64) float on_[5][kMost] = {};
  alignas(64) int32_t before_[kMost] = {};
  alignas(64) int32_t last_[kMost] = {};
};

template <bool kReverse, bool kExclusive>
void sum_row(const float* x, int64_t n, double start, float* y) {
  const D d;
  static const LaneSums lane_sums;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  double sum = start;
  const auto block = [&](V v) HWY_ATTR {
    if (kReverse) v = hn::Reverse(d, v);
    const V sums = lane_sums.sums(v);
    V result =
        hn::Add(hn::Set(d, static_cast<float>(sum)), kExclusive ? lane_sums.shifted(sums) : sums);
    sum += static_cast<double>(lane_sums.last(sums));
    return kReverse ? hn::Reverse(d, result) : result;
  };
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const int64_t at = kReverse ? n - i - lanes : i;
    hn::StoreU(block(hn::LoadU(d, x + at)), d, y + at);
  }
  for (; i < n; ++i) {
    const int64_t at = kReverse ? n - 1 - i : i;
    const double before = sum;
    sum += static_cast<double>(x[at]);
    y[at] = static_cast<float>(kExclusive ? before : sum);
  }
}

void row(const float* x, int64_t n, double start, bool reverse, bool exclusive, float* y) {
  if (reverse) {
    exclusive ? sum_row<true, true>(x, n, start, y) : sum_row<true, false>(x, n, start, y);
  } else {
    exclusive ? sum_row<false, true>(x, n, start, y) : sum_row<false, false>(x, n, start, y);
  }
}

void step(const float* x, int64_t n, bool exclusive, double* sums, float* y) {
  const HalfD half;
  const Wide wide;
  const auto lanes = static_cast<int64_t>(hn::Lanes(wide));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto before = hn::LoadU(wide, sums + i);
    const auto after = hn::Add(before, hn::PromoteTo(wide, hn::LoadU(half, x + i)));
    hn::StoreU(hn::DemoteTo(half, exclusive ? before : after), half, y + i);
    hn::StoreU(after, wide, sums + i);
  }
  for (; i < n; ++i) {
    const double before = sums[i];
    sums[i] += static_cast<double>(x[i]);
    y[i] = static_cast<float>(exclusive ? before : sums[i]);
  }
}

double total(const float* x, int64_t n) {
  const HalfD half;
  const Wide wide;
  const auto lanes = static_cast<int64_t>(hn::Lanes(wide));
  auto a = hn::Zero(wide), b = a, c = a, e = a;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = hn::Add(a, hn::PromoteTo(wide, hn::LoadU(half, x + i)));
    b = hn::Add(b, hn::PromoteTo(wide, hn::LoadU(half, x + i + lanes)));
    c = hn::Add(c, hn::PromoteTo(wide, hn::LoadU(half, x + i + 2 * lanes)));
    e = hn::Add(e, hn::PromoteTo(wide, hn::LoadU(half, x + i + 3 * lanes)));
  }
  double sum = hn::GetLane(hn::SumOfLanes(wide, hn::Add(hn::Add(a, b), hn::Add(c, e))));
  for (; i < n; ++i) sum += static_cast<double>(x[i]);
  return sum;
}

}  // namespace

void fill_running_sum_loops(RunningSumLoops& loops) {
  loops = {.row = row, .step = step, .total = total};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const RunningSumLoops& running_sum_loops(Isa isa) {
  static const auto all = [] {
    std::array<RunningSumLoops, 3> loops;
    for (RunningSumLoops& each : loops) HWY_STATIC_DISPATCH(fill_running_sum_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2)
      N_AVX2::fill_running_sum_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512)
      N_AVX3::fill_running_sum_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
