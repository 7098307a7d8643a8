// The loops of simd/matmul.h.

#include "danlu/backends/cpu/simd/matmul.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/matmul_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

HWY_INLINE V activate(D d, V x, FusedActivation activation) {
  switch (activation) {
    case FusedActivation::relu:
      return hn::IfThenElse(hn::Le(x, hn::Zero(d)), hn::Zero(d), x);  // NaN stays
    case FusedActivation::sigmoid:
      return sigmoid(d, x);
    case FusedActivation::tanh:
      return tanh(d, x);
    case FusedActivation::none:
      break;
  }
  return x;
}

// kRows rows of c by `count` ≤ Lanes columns (all of them when kFull).
template <int kRows, bool kFull>
HWY_INLINE void block(D d, const MatmulBlock& t, int64_t row, int64_t column, size_t count) {
  const float* a = t.a + row * t.a_row;
  const float* b = t.b + column;
  auto load = [&](const float* p) { return kFull ? hn::LoadU(d, p) : load_some(d, p, count); };
  const V start = t.bias != nullptr ? load(t.bias + column) : hn::Zero(d);
  V sums[kRows];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) sums[r] = start;
  for (int64_t p = 0; p < t.k; ++p, a += t.a_column, b += t.b_row) {
    const V y = load(b);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      sums[r] = hn::MulAdd(hn::Set(d, a[r * t.a_row]), y, sums[r]);
    }
  }
  float* c = t.c + row * t.c_row + column;
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r, c += t.c_row) {
    const V y = activate(d, sums[r], t.activation);
    if (kFull) {
      hn::StoreU(y, d, c);
    } else {
      store_some(d, y, c, count);
    }
  }
}

template <int kRows>
HWY_INLINE void rows(D d, const MatmulBlock& t, int64_t row) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t column = 0;
  for (; column + lanes <= t.n; column += lanes) block<kRows, true>(d, t, row, column, 0);
  if (column < t.n) {
    block<kRows, false>(d, t, row, column, static_cast<size_t>(t.n - column));
  }
}

void matmul_loop(const MatmulBlock& t) {
  const D d;
  int64_t row = 0;
  for (; row + 8 <= t.m; row += 8) rows<8>(d, t, row);
  for (; row + 4 <= t.m; row += 4) rows<4>(d, t, row);
  for (; row < t.m; ++row) rows<1>(d, t, row);
}

void epilogue_loop(float* values, int64_t rows, int64_t channels, int64_t row_stride,
                   const float* bias, FusedActivation activation) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t row = 0; row < rows; ++row, values += row_stride) {
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) {
      V x = hn::LoadU(d, values + c);
      if (bias != nullptr) x = hn::Add(x, hn::LoadU(d, bias + c));
      hn::StoreU(activate(d, x, activation), d, values + c);
    }
    if (c == channels) continue;
    const auto n = static_cast<size_t>(channels - c);
    V x = load_some(d, values + c, n);
    if (bias != nullptr) x = hn::Add(x, load_some(d, bias + c, n));
    store_some(d, activate(d, x, activation), values + c, n);
  }
}

}  // namespace

MatmulFunction matmul_choice() { return matmul_loop; }
EpilogueFunction epilogue_choice() { return epilogue_loop; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

MatmulFunction matmul_function(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::matmul_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::matmul_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(matmul_choice)();
}

EpilogueFunction epilogue_function(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::epilogue_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::epilogue_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(epilogue_choice)();
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
