#include "danlu/backends/cpu/simd/reduce_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/reduce_rows.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Calls f(v, i) for each vector of a row; lanes beyond its end hold `filler`.
template <class F>
HWY_INLINE void for_vectors(D d, const float* x, size_t n, V filler, F f) {
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) f(hn::LoadU(d, x + i), i);
  if (i < n) f(hn::IfThenElse(hn::FirstN(d, n - i), load_some(d, x + i, n - i), filler), i);
}

/// The greatest element, or NaN. Minima are maxima of the negated row.
template <bool kNegate>
HWY_INLINE float greatest(D d, const float* x, size_t n) {
  const size_t lanes = hn::Lanes(d);
  const V low = hn::Set(d, -kInf);
  const auto value = [&](V v) HWY_ATTR { return kNegate ? hn::Neg(v) : v; };
  V most = low;
  auto nan = hn::IsNaN(low);
  if (n >= 8 * lanes) {
    // Four maxima at once, as each waits for the one before it.
    V a = low, b = low, c = low, e = low;
    for (; n >= 4 * lanes; n -= 4 * lanes, x += 4 * lanes) {
      const V v0 = hn::LoadU(d, x), v1 = hn::LoadU(d, x + lanes);
      const V v2 = hn::LoadU(d, x + 2 * lanes), v3 = hn::LoadU(d, x + 3 * lanes);
      nan = hn::Or(
          nan, hn::Or(hn::Or(hn::IsNaN(v0), hn::IsNaN(v1)), hn::Or(hn::IsNaN(v2), hn::IsNaN(v3))));
      a = hn::Max(a, value(v0));
      b = hn::Max(b, value(v1));
      c = hn::Max(c, value(v2));
      e = hn::Max(e, value(v3));
    }
    most = hn::Max(hn::Max(a, b), hn::Max(c, e));
  }
  for_vectors(d, x, n, kNegate ? hn::Neg(low) : low, [&](V v, size_t) HWY_ATTR {
    nan = hn::Or(nan, hn::IsNaN(v));
    most = hn::Max(most, value(v));
  });
  if (!hn::AllFalse(d, nan)) return kNan;
  const float result = hn::GetLane(hn::MaxOfLanes(d, most));
  return kNegate ? -result : result;
}

template <bool kNegate>
void extremum(const float* x, size_t rows, size_t n, float* out) {
  const D d;
  for (size_t r = 0; r < rows; ++r, x += n) out[r] = greatest<kNegate>(d, x, n);
}

template <bool kNegate>
void index_of_extremum(const float* x, size_t rows, size_t n, int64_t* out) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r, x += n) {
    const float value = greatest<kNegate>(d, x, n);
    const V wanted = hn::Set(d, value);
    const bool is_nan = value != value;
    for (size_t i = 0; i < n; i += lanes) {
      const size_t count = std::min(lanes, n - i);
      const V v = count == lanes ? hn::LoadU(d, x + i) : load_some(d, x + i, count);
      auto found = is_nan ? hn::IsNaN(v) : hn::Eq(v, wanted);
      if (count < lanes) found = hn::And(found, hn::FirstN(d, count));
      const intptr_t lane = hn::FindFirstTrue(d, found);
      if (lane >= 0) {
        out[r] = static_cast<int64_t>(i) + lane;
        break;
      }
    }
  }
}

/// NaN in a row reaches the sum, and from there the whole row.
template <bool kLog>
void normalize(const float* x, size_t rows, size_t n, float* out) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const V low = hn::Set(d, -kInf);
  for (size_t r = 0; r < rows; ++r, x += n, out += n) {
    V most = low;
    for_vectors(d, x, n, low, [&](V v, size_t) HWY_ATTR { most = hn::Max(most, v); });
    const V top = hn::MaxOfLanes(d, most);
    V even = hn::Zero(d), odd = even;
    const auto store = [&](V v, size_t i) HWY_ATTR {
      if (n - i >= lanes) {
        hn::StoreU(v, d, out + i);
      } else {
        store_some(d, v, out + i, n - i);
      }
    };
    // Filler lanes are e^−∞ = 0.
    for_vectors(d, x, n, low, [&](V v, size_t i) HWY_ATTR {
      const V e = exp(d, hn::Sub(v, top));
      if constexpr (!kLog) store(e, i);
      const V sum = hn::Add(even, e);
      even = odd;
      odd = sum;
    });
    const V sum = hn::SumOfLanes(d, hn::Add(even, odd));
    if constexpr (kLog) {
      const V shift = log(d, sum);
      for_vectors(d, x, n, low,
                  [&](V v, size_t i) HWY_ATTR { store(hn::Sub(hn::Sub(v, top), shift), i); });
    } else {
      for_vectors(d, out, n, low, [&](V e, size_t i) HWY_ATTR { store(hn::Div(e, sum), i); });
    }
  }
}

/// Σ f(v) over the vectors of a row; lanes beyond its end count nothing.
template <class F>
HWY_INLINE float sum_of(D d, const float* x, size_t n, F f) {
  const size_t lanes = hn::Lanes(d);
  V a = hn::Zero(d), b = a, c = a, e = a;
  size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = hn::Add(a, f(hn::LoadU(d, x + i)));
    b = hn::Add(b, f(hn::LoadU(d, x + i + lanes)));
    c = hn::Add(c, f(hn::LoadU(d, x + i + 2 * lanes)));
    e = hn::Add(e, f(hn::LoadU(d, x + i + 3 * lanes)));
  }
  for (; i + lanes <= n; i += lanes) a = hn::Add(a, f(hn::LoadU(d, x + i)));
  if (i < n) {
    b = hn::Add(b, hn::IfThenElseZero(hn::FirstN(d, n - i), f(load_some(d, x + i, n - i))));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
}

void normalize_rows(const LayerNormRows& r) {
  const D d;
  const size_t lanes = hn::Lanes(d), n = r.n;
  const float share = 1 / static_cast<float>(n);
  for (size_t row = 0; row < r.rows; ++row) {
    const float* x = r.x + row * n;
    float* y = r.y + row * n;
    const float mean = sum_of(d, x, n, [](V v) HWY_ATTR { return v; }) * share;
    const V center = hn::Set(d, mean);
    const float variance = sum_of(d, x, n,
                                  [&](V v) HWY_ATTR {
                                    const V off = hn::Sub(v, center);
                                    return hn::Mul(off, off);
                                  }) *
                           share;
    const float factor = 1 / std::sqrt(variance + r.epsilon);
    const V scale = hn::Set(d, factor);
    const auto result = [&](V v, V gamma, V beta) HWY_ATTR {
      return hn::MulAdd(hn::Mul(hn::Sub(v, center), scale), gamma, beta);
    };
    size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
      hn::StoreU(result(hn::LoadU(d, x + i), hn::LoadU(d, r.gamma + i), hn::LoadU(d, r.beta + i)),
                 d, y + i);
    }
    if (i < n) {
      const size_t rest = n - i;
      store_some(d,
                 result(load_some(d, x + i, rest), load_some(d, r.gamma + i, rest),
                        load_some(d, r.beta + i, rest)),
                 y + i, rest);
    }
    r.mean[row] = mean;
    r.factor[row] = factor;
  }
}

/// One row; `kWhole`: of whole vectors. Adds to the sums of g · x̂ and of g.
template <bool kWhole>
HWY_INLINE void differentiate_row(const LayerNormGradients& r, size_t row, float* gamma_sums,
                                  float* beta_sums) {
  const D d;
  const size_t lanes = hn::Lanes(d), n = r.n;
  const float *x = r.x + row * n, *g = r.grad + row * n;
  const V center = hn::Set(d, r.mean[row]), scale = hn::Set(d, r.factor[row]);
  const auto load = [&](const float* p, size_t i) HWY_ATTR {
    return kWhole || n - i >= lanes ? hn::LoadU(d, p + i) : load_some(d, p + i, n - i);
  };
  const auto store = [&](V v, float* p, size_t i) HWY_ATTR {
    if (kWhole || n - i >= lanes) {
      hn::StoreU(v, d, p + i);
    } else {
      store_some(d, v, p + i, n - i);
    }
  };
  V constant = hn::Zero(d), along = constant;
  for (size_t i = 0; i < n; i += lanes) {
    const V grad = load(g, i), inner = hn::Mul(grad, load(r.gamma, i));
    const V normalized = hn::Mul(hn::Sub(load(x, i), center), scale);
    constant = hn::Add(constant, inner);
    along = hn::MulAdd(inner, normalized, along);
    store(hn::MulAdd(grad, normalized, load(gamma_sums, i)), gamma_sums, i);
    store(hn::Add(grad, load(beta_sums, i)), beta_sums, i);
  }
  const V share = hn::Set(d, 1 / static_cast<float>(n));
  constant = hn::Mul(hn::SumOfLanes(d, constant), share);
  along = hn::Mul(hn::SumOfLanes(d, along), share);
  for (size_t i = 0; i < n; i += lanes) {
    const V normalized = hn::Mul(hn::Sub(load(x, i), center), scale);
    const V inner = hn::Sub(hn::Mul(load(g, i), load(r.gamma, i)), constant);
    store(hn::Mul(scale, hn::NegMulAdd(normalized, along, inner)), r.x_grad + row * n, i);
  }
}

void differentiate_rows(const LayerNormGradients& r) {
  constexpr size_t kRows = 32;  // whose sums are added up by themselves, for the sake of rounding
  const size_t n = r.n;
  float* few = r.sums + 2 * n;
  std::fill_n(r.sums, 2 * n, 0.0f);
  for (size_t begin = 0; begin < r.rows; begin += kRows) {
    std::fill_n(few, 2 * n, 0.0f);
    for (size_t row = begin; row < std::min(begin + kRows, r.rows); ++row) {
      if (n % hn::Lanes(D()) == 0) {
        differentiate_row<true>(r, row, few, few + n);
      } else {
        differentiate_row<false>(r, row, few, few + n);
      }
    }
    for (size_t i = 0; i < 2 * n; ++i) r.sums[i] += few[i];
  }
}

}  // namespace

void fill_row_loops(RowLoops& loops) {
  loops = {.max = extremum<false>,
           .min = extremum<true>,
           .argmax = index_of_extremum<false>,
           .argmin = index_of_extremum<true>,
           .softmax = normalize<false>,
           .log_softmax = normalize<true>,
           .layer_norm = normalize_rows,
           .layer_norm_backward = differentiate_rows};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const RowLoops& row_loops(Isa isa) {
  static const auto all = [] {
    std::array<RowLoops, 3> loops;
    for (RowLoops& each : loops) HWY_STATIC_DISPATCH(fill_row_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_row_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512) N_AVX3::fill_row_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
