// The loops of simd/attention.h.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "danlu/backends/cpu/simd/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/attention_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

HWY_INLINE V load(D d, const float* p, size_t n) {
  return n == hn::Lanes(d) ? hn::LoadU(d, p) : load_some(d, p, n);
}
HWY_INLINE void store(D d, V v, float* p, size_t n) {
  if (n == hn::Lanes(d)) {
    hn::StoreU(v, d, p);
  } else {
    store_some(d, v, p, n);
  }
}

/// Where `n` bytes are not 0.
HWY_INLINE auto counting(D d, const uint8_t* p, size_t n) {
  const hn::Rebind<int32_t, D> di;
  const hn::Rebind<uint8_t, D> d8;
  uint8_t bytes[HWY_MAX_BYTES / sizeof(float)] = {};
  if (n < hn::Lanes(d)) {
    std::memcpy(bytes, p, n);
    p = bytes;
  }
  return hn::RebindMask(d, hn::Gt(hn::PromoteTo(di, hn::LoadU(d8, p)), hn::Zero(di)));
}

/// The logits of row `r` from column `i` on, −∞ where masked and behind the last.
HWY_INLINE V logits(D d, const AttentionTile& t, int64_t r, int64_t i, size_t n) {
  V x = hn::Mul(load(d, t.scores + r * t.stride + i, n), hn::Set(d, t.scale));
  if (t.bias != nullptr) {
    const float* bias = t.bias + r * t.bias_row + i * t.bias_column;
    x = hn::Add(x, t.bias_column == 0 ? hn::Set(d, *bias) : load(d, bias, n));
  }
  const V low = hn::Set(d, -kInf);
  if (t.mask != nullptr) {
    const uint8_t* mask = t.mask + r * t.mask_row + i * t.mask_column;
    if (t.mask_column != 0) {
      x = hn::IfThenElse(counting(d, mask, n), x, low);
    } else if (*mask == 0) {
      x = low;
    }
  }
  const int64_t end = std::min(i + static_cast<int64_t>(n), t.visible + r);
  if (end - i < static_cast<int64_t>(hn::Lanes(d))) {
    const auto seen = static_cast<size_t>(std::max<int64_t>(end - i, 0));
    x = hn::IfThenElse(hn::FirstN(d, seen), x, low);
  }
  return x;
}

/// f(i, n) for each vector of `columns`.
template <class F>
HWY_INLINE void for_columns(int64_t columns, F&& f) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t i = 0;
  for (; i + lanes <= columns; i += lanes) f(i, static_cast<size_t>(lanes));
  if (i < columns) f(i, static_cast<size_t>(columns - i));
}

void scale_row(float* x, int64_t n, float factor) {
  const D d;
  const V by = hn::Set(d, factor);
  for_columns(n, [&](int64_t i, size_t count)
                     HWY_ATTR { store(d, hn::Mul(load(d, x + i, count), by), x + i, count); });
}

void soften(const AttentionTile& t, const AttentionRows& rows) {
  const D d;
  for (int64_t r = 0; r < t.rows; ++r) {
    float* row = t.scores + r * t.stride;
    V most = hn::Set(d, rows.top[r]);
    for_columns(t.columns, [&](int64_t i, size_t n) HWY_ATTR {
      const V x = logits(d, t, r, i, n);
      most = hn::Max(most, x);
      store(d, x, row + i, n);
    });
    const float top = hn::GetLane(hn::MaxOfLanes(d, most));
    const float shift = top == -kInf ? 0 : top;
    const V by = hn::Set(d, shift), low = hn::Set(d, -kInf);
    V sum = hn::Zero(d);
    for_columns(t.columns, [&](int64_t i, size_t n) HWY_ATTR {
      V x = load(d, row + i, n);
      if (n < hn::Lanes(d)) x = hn::IfThenElse(hn::FirstN(d, n), x, low);
      const V e = exp(d, hn::Sub(x, by));
      sum = hn::Add(sum, e);
      store(d, e, row + i, n);
    });
    const float old = std::exp(rows.top[r] - shift);
    rows.sum[r] = rows.sum[r] * old + hn::GetLane(hn::SumOfLanes(d, sum));
    rows.top[r] = top;
    if (!rows.first && old != 1) scale_row(rows.result + r * rows.result_row, rows.width, old);
  }
}

void finish(const AttentionRows& rows, int64_t count, float* log_sum, int64_t row_stride) {
  for (int64_t r = 0; r < count; ++r) {
    const bool none = rows.top[r] == -kInf && rows.sum[r] == 0;
    log_sum[r * row_stride] = none ? -kInf : rows.top[r] + std::log(rows.sum[r]);
    if (!none) scale_row(rows.result + r * rows.result_row, rows.width, 1 / rows.sum[r]);
  }
}

void differentiate(const AttentionTile& t, const AttentionGradient& g) {
  const D d;
  const V scale = hn::Set(d, t.scale);
  for (int64_t r = 0; r < t.rows; ++r) {
    const float log_sum = g.log_sum[r * g.row_stride];
    const bool none = log_sum == -kInf;
    const V shift = hn::Set(d, log_sum), delta = hn::Set(d, g.delta[r * g.row_stride]);
    float *p = t.scores + r * t.stride, *grad = g.scores_grad + r * t.stride;
    for_columns(t.columns, [&](int64_t i, size_t n) HWY_ATTR {
      const V x = none ? hn::Set(d, g.uniform) : exp(d, hn::Sub(logits(d, t, r, i, n), shift));
      const V ds = none ? hn::Zero(d) : hn::Mul(x, hn::Sub(load(d, grad + i, n), delta));
      store(d, x, p + i, n);
      store(d, hn::Mul(ds, scale), grad + i, n);
      if (g.bias_grad != nullptr) store(d, ds, g.bias_grad + r * g.bias_grad_row + i, n);
    });
  }
}

}  // namespace

void fill_attention_loops(AttentionLoops& loops) { loops = {soften, finish, differentiate}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const AttentionLoops& attention_loops(Isa isa) {
  static const auto all = [] {
    std::array<AttentionLoops, 3> loops;
    for (AttentionLoops& each : loops) HWY_STATIC_DISPATCH(fill_attention_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_attention_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512)
      N_AVX3::fill_attention_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
