// The passes of simd/fft_plan.h.

#include <array>
#include <cstring>

#include "danlu/backends/cpu/simd/fft_plan.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/fft_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
struct Cx {
  hn::Vec<D> re, im;
};

template <class D>
HWY_INLINE Cx<D> plus(const Cx<D>& a, const Cx<D>& b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
template <class D>
HWY_INLINE Cx<D> minus(const Cx<D>& a, const Cx<D>& b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
template <class D>
HWY_INLINE Cx<D> times(const Cx<D>& a, const Cx<D>& b) {
  return {hn::NegMulAdd(a.im, b.im, hn::Mul(a.re, b.re)),
          hn::MulAdd(a.im, b.re, hn::Mul(a.re, b.im))};
}
/// −i a.
template <class D>
HWY_INLINE Cx<D> turned(const Cx<D>& a) {
  return {a.im, hn::Neg(a.re)};
}
/// a + factor · b.
template <class D>
HWY_INLINE Cx<D> scaled_sum(D d, const Cx<D>& a, hn::TFromD<D> factor, const Cx<D>& b) {
  const auto f = hn::Set(d, factor);
  return {hn::MulAdd(f, b.re, a.re), hn::MulAdd(f, b.im, a.im)};
}
template <class D>
HWY_INLINE Cx<D> scaled(D d, hn::TFromD<D> factor, const Cx<D>& a) {
  const auto f = hn::Set(d, factor);
  return {hn::Mul(f, a.re), hn::Mul(f, a.im)};
}

/// The transform of a[0 … P), in place. Here and below, `a` is in registers only where the loops
/// over it are no loops.
template <int P, class D, class T = hn::TFromD<D>>
HWY_INLINE void small_transform(D d, const FftPass<T>& pass, Cx<D>* a) {
  if constexpr (P == 2) {
    const Cx<D> b = minus(a[0], a[1]);
    a[0] = plus(a[0], a[1]);
    a[1] = b;
  } else if constexpr (P == 4) {
    const Cx<D> even = plus(a[0], a[2]), odd = minus(a[0], a[2]);
    const Cx<D> sum = plus(a[1], a[3]), difference = turned(minus(a[1], a[3]));
    a[0] = plus(even, sum);
    a[1] = plus(odd, difference);
    a[2] = minus(even, sum);
    a[3] = minus(odd, difference);
  } else if constexpr (P == 8) {
    Cx<D> even[] = {a[0], a[2], a[4], a[6]}, odd[] = {a[1], a[3], a[5], a[7]};
    small_transform<4>(d, pass, even);
    small_transform<4>(d, pass, odd);
    // Times exp(−2πi k/8).
    const auto c = hn::Set(d, static_cast<T>(0.70710678118654752440));
    odd[1] = {hn::Mul(c, hn::Add(odd[1].re, odd[1].im)), hn::Mul(c, hn::Sub(odd[1].im, odd[1].re))};
    odd[2] = turned(odd[2]);
    odd[3] = {hn::Mul(c, hn::Sub(odd[3].im, odd[3].re)),
              hn::Neg(hn::Mul(c, hn::Add(odd[3].re, odd[3].im)))};
    HWY_UNROLL(4)
    for (int k = 0; k < 4; ++k) {
      a[k] = plus(even[k], odd[k]);
      a[k + 4] = minus(even[k], odd[k]);
    }
  } else {
    // Odd: the numbers j and P − j together.
    constexpr int kHalf = P / 2;
    Cx<D> sums[kHalf + 1], differences[kHalf + 1];
    const Cx<D> first = a[0];
    HWY_UNROLL(16)
    for (int j = 1; j <= kHalf; ++j) {
      sums[j] = plus(a[j], a[P - j]);
      differences[j] = turned(minus(a[j], a[P - j]));
      a[0] = plus(a[0], sums[j]);
    }
    HWY_UNROLL(16)
    for (int r = 1; r <= kHalf; ++r) {
      // root_im is −sin.
      Cx<D> even = first;
      Cx<D> odd = scaled(d, -pass.root_im[r], differences[1]);
      even = scaled_sum(d, even, pass.root_re[r], sums[1]);
      HWY_UNROLL(16)
      for (int j = 2; j <= kHalf; ++j) {
        even = scaled_sum(d, even, pass.root_re[r * j % P], sums[j]);
        odd = scaled_sum(d, odd, -pass.root_im[r * j % P], differences[j]);
      }
      a[r] = plus(even, odd);
      a[P - r] = minus(even, odd);
    }
  }
}

/// k in [begin, end) of one q, as many whole vectors of `d` as fit; where it stopped. The last pass
/// has no twiddles: they are 1.
template <int P, bool kTwiddles, class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t along_stride(D d, const FftPass<T>& pass, int64_t q, int64_t begin,
                                const T* HWY_RESTRICT x_re, const T* HWY_RESTRICT x_im,
                                T* HWY_RESTRICT y_re, T* HWY_RESTRICT y_im) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Cx<D> w[P];
  HWY_UNROLL(16)
  for (int r = 1; kTwiddles && r < P; ++r) {
    const auto at = static_cast<size_t>((r - 1) * pass.m + q);
    w[r] = {hn::Set(d, pass.twiddle_re[at]), hn::Set(d, pass.twiddle_im[at])};
  }
  const int64_t s = pass.stride;
  int64_t k = begin;
  for (; k + lanes <= s; k += lanes) {
    Cx<D> a[P];
    HWY_UNROLL(16)
    for (int j = 0; j < P; ++j) {
      const int64_t at = k + s * (q + pass.m * j);
      a[j] = {hn::LoadU(d, x_re + at), hn::LoadU(d, x_im + at)};
    }
    small_transform<P>(d, pass, a);
    HWY_UNROLL(16)
    for (int r = 0; r < P; ++r) {
      const Cx<D> b = r == 0 || !kTwiddles ? a[r] : times(a[r], w[r]);
      const int64_t at = k + s * (P * q + r);
      hn::StoreU(b.re, d, y_re + at);
      hn::StoreU(b.im, d, y_im + at);
    }
  }
  return k;
}

/// The first pass: q in vectors, the results of one q side by side. Where it stopped. With `kPairs`
/// real and imaginary parts take turns at x_re.
template <int P, bool kPairs, class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t along_q(D d, const FftPass<T>& pass, const T* HWY_RESTRICT x_re,
                           const T* HWY_RESTRICT x_im, T* HWY_RESTRICT y_re, T* HWY_RESTRICT y_im) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t q = 0;
  for (; q + lanes <= pass.m; q += lanes) {
    Cx<D> a[P];
    HWY_UNROLL(16)
    for (int j = 0; j < P; ++j) {
      const int64_t at = q + pass.m * j;
      if constexpr (kPairs) {
        hn::LoadInterleaved2(d, x_re + 2 * at, a[j].re, a[j].im);
      } else {
        a[j] = {hn::LoadU(d, x_re + at), hn::LoadU(d, x_im + at)};
      }
    }
    small_transform<P>(d, pass, a);
    HWY_UNROLL(16)
    for (int r = 1; r < P; ++r) {
      const int64_t at = (r - 1) * pass.m + q;
      a[r] = times(a[r], Cx<D>{hn::LoadU(d, pass.twiddle_re.data() + at),
                               hn::LoadU(d, pass.twiddle_im.data() + at)});
    }
    if constexpr (P == 2) {
      hn::StoreInterleaved2(a[0].re, a[1].re, d, y_re + P * q);
      hn::StoreInterleaved2(a[0].im, a[1].im, d, y_im + P * q);
    } else if constexpr (P == 3) {
      hn::StoreInterleaved3(a[0].re, a[1].re, a[2].re, d, y_re + P * q);
      hn::StoreInterleaved3(a[0].im, a[1].im, a[2].im, d, y_im + P * q);
    } else {
      static_assert(P == 4);
      hn::StoreInterleaved4(a[0].re, a[1].re, a[2].re, a[3].re, d, y_re + P * q);
      hn::StoreInterleaved4(a[0].im, a[1].im, a[2].im, a[3].im, d, y_im + P * q);
    }
  }
  return q;
}

/// y = group 0 of a, b, c and e, then group 1 of each, and so on.
template <int kStride, class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void store_groups(D d, const V* v, T* HWY_RESTRICT y) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
#if HWY_TARGET == HWY_AVX3
  if constexpr (sizeof(T) * kStride == 16) {
    const V even01 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(v[1]), v[0]);
    const V odd01 = hn::OddEvenBlocks(v[1], hn::SwapAdjacentBlocks(v[0]));
    const V even23 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(v[3]), v[2]);
    const V odd23 = hn::OddEvenBlocks(v[3], hn::SwapAdjacentBlocks(v[2]));
    hn::StoreU(hn::ConcatLowerLower(d, even23, even01), d, y);
    hn::StoreU(hn::ConcatLowerLower(d, odd23, odd01), d, y + lanes);
    hn::StoreU(hn::ConcatUpperUpper(d, even23, even01), d, y + 2 * lanes);
    hn::StoreU(hn::ConcatUpperUpper(d, odd23, odd01), d, y + 3 * lanes);
    return;
  }
#endif
#if HWY_TARGET != HWY_SCALAR
  // Two groups in a vector.
  hn::StoreU(hn::ConcatLowerLower(d, v[1], v[0]), d, y);
  hn::StoreU(hn::ConcatLowerLower(d, v[3], v[2]), d, y + lanes);
  hn::StoreU(hn::ConcatUpperUpper(d, v[1], v[0]), d, y + 2 * lanes);
  hn::StoreU(hn::ConcatUpperUpper(d, v[3], v[2]), d, y + 3 * lanes);
#endif
}

/// A stride shorter than a vector: several q in one. Their results, groups of `kStride` elements,
/// take turns. The q where it stopped.
template <int P, int kStride, class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t along_groups(D d, const FftPass<T>& pass, const T* HWY_RESTRICT x_re,
                                const T* HWY_RESTRICT x_im, T* HWY_RESTRICT y_re,
                                T* HWY_RESTRICT y_im) {
  constexpr size_t kMost = HWY_MAX_BYTES / sizeof(T);
  alignas(64) T re[P * kMost], im[P * kMost];
  constexpr size_t kGroups = hn::MaxLanes(D()) / kStride;
  constexpr bool kInRegisters = P == 4 && (kGroups == 2 || (kGroups == 4 && sizeof(T) == 4));
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t count = pass.m * kStride;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    Cx<D> a[P];
    HWY_UNROLL(16)
    for (int j = 0; j < P; ++j) {
      const int64_t at = i + count * j;
      a[j] = {hn::LoadU(d, x_re + at), hn::LoadU(d, x_im + at)};
    }
    small_transform<P>(d, pass, a);
    HWY_UNROLL(16)
    for (int r = 0; r < P; ++r) {
      if (r > 0) {
        const int64_t at = (r - 1) * count + i;
        a[r] = times(a[r], Cx<D>{hn::LoadU(d, pass.group_re.data() + at),
                                 hn::LoadU(d, pass.group_im.data() + at)});
      }
    }
    if constexpr (kInRegisters) {
      const hn::Vec<D> all_re[] = {a[0].re, a[1].re, a[2].re, a[3].re};
      const hn::Vec<D> all_im[] = {a[0].im, a[1].im, a[2].im, a[3].im};
      store_groups<kStride>(d, all_re, y_re + P * i);
      store_groups<kStride>(d, all_im, y_im + P * i);
      continue;
    }
    HWY_UNROLL(16)
    for (int r = 0; r < P; ++r) {
      hn::Store(a[r].re, d, re + r * lanes);
      hn::Store(a[r].im, d, im + r * lanes);
    }
    for (int64_t group = 0; group < lanes; group += kStride) {
      HWY_UNROLL(16)
      for (int r = 0; r < P; ++r) {
        const int64_t to = P * (i + group) + r * kStride;
        std::memcpy(y_re + to, re + r * lanes + group, kStride * sizeof(T));
        std::memcpy(y_im + to, im + r * lanes + group, kStride * sizeof(T));
      }
    }
  }
  return i / kStride;
}

template <int P, class T>
void run_radix(const FftPass<T>& pass, const T* x_re, const T* x_im, T* y_re, T* y_im) {
  const hn::ScalableTag<T> full;
  const hn::CappedTag<T, 4> some;
  const hn::CappedTag<T, 1> one;
  int64_t q = 0;
  const auto lanes = static_cast<int64_t>(hn::Lanes(full));
  if constexpr (P <= 4) {
    if (pass.stride == 1) {
      q = along_q<P, false>(full, pass, x_re, x_im, y_re, y_im);
    } else if (pass.stride == 4 && lanes > 4) {
      q = along_groups<P, 4>(full, pass, x_re, x_im, y_re, y_im);
    } else if (pass.stride == 8 && lanes > 8) {
      q = along_groups<P, 8>(full, pass, x_re, x_im, y_re, y_im);
    }
  }
  if constexpr (P <= 4 || P == 8) {
    if (pass.m == 1 && q == 0 && pass.stride % lanes == 0) {
      along_stride<P, false>(full, pass, 0, 0, x_re, x_im, y_re, y_im);
      return;
    }
  }
  for (; q < pass.m; ++q) {
    int64_t k = along_stride<P, true>(full, pass, q, 0, x_re, x_im, y_re, y_im);
    if (k < pass.stride) k = along_stride<P, true>(some, pass, q, k, x_re, x_im, y_re, y_im);
    if (k < pass.stride) along_stride<P, true>(one, pass, q, k, x_re, x_im, y_re, y_im);
  }
}

/// The first pass, its numbers read from x in pairs, where it is of whole vectors of radix 4.
template <class T>
bool first_of_pairs(const FftPass<T>& pass, const T* x, T* y_re, T* y_im) {
  const hn::ScalableTag<T> d;
  if (pass.radix != 4 || pass.m % static_cast<int64_t>(hn::Lanes(d)) != 0) return false;
  along_q<4, true>(d, pass, x, x, y_re, y_im);
  return true;
}

/// even[t] = x[2t], odd[t] = x[2t + 1].
template <class T>
void separate(const T* x, int64_t h, T* even, T* odd) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t t = 0;
  for (; t + lanes <= h; t += lanes) {
    hn::Vec<decltype(d)> a, b;
    hn::LoadInterleaved2(d, x + 2 * t, a, b);
    hn::StoreU(a, d, even + t);
    hn::StoreU(b, d, odd + t);
  }
  for (; t < h; ++t) {
    even[t] = x[2 * t];
    odd[t] = x[2 * t + 1];
  }
}

/// Y_k and Y_{h−k} from Z_k, Z_{h−k} and w^k, all of them vectors or numbers:
/// E = (Z_k + Z̄_{h−k})/2, O = (Z_k − Z̄_{h−k})/2i, Y_k = E + w^k O, Y_{h−k} = Ē − (w^k O)̄.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void join(D d, V z_re, V z_im, V far_re, V far_im, V w_re, V w_im, Cx<D>& y,
                     Cx<D>& far) {
  const V half = hn::Set(d, hn::TFromD<D>(0.5));
  const V e_re = hn::Mul(half, hn::Add(z_re, far_re)), e_im = hn::Mul(half, hn::Sub(z_im, far_im));
  const V o_re = hn::Mul(half, hn::Add(z_im, far_im)), o_im = hn::Mul(half, hn::Sub(far_re, z_re));
  const Cx<D> t = times(Cx<D>{w_re, w_im}, Cx<D>{o_re, o_im});
  y = {hn::Add(e_re, t.re), hn::Add(e_im, t.im)};
  far = {hn::Sub(e_re, t.re), hn::Sub(t.im, e_im)};
}

/// k in [1, h/2], from both ends at once, as many whole vectors as fit; where it stopped.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t join_vectors(D d, const FftHalves<T>& s, int64_t begin, T* y_re, T* y_im) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t k = begin;
  for (; 2 * (k + lanes - 1) < s.h || (lanes == 1 && 2 * k <= s.h); k += lanes) {
    const int64_t back = s.h - k - lanes + 1;
    Cx<D> y, far;
    join(d, hn::LoadU(d, s.z_re + k), hn::LoadU(d, s.z_im + k),
         hn::Reverse(d, hn::LoadU(d, s.z_re + back)), hn::Reverse(d, hn::LoadU(d, s.z_im + back)),
         hn::LoadU(d, s.w_re + k), hn::LoadU(d, s.w_im + k), y, far);
    hn::StoreU(y.re, d, y_re + k);
    hn::StoreU(y.im, d, y_im + k);
    hn::StoreU(hn::Reverse(d, far.re), d, y_re + back);
    hn::StoreU(hn::Reverse(d, far.im), d, y_im + back);
  }
  return k;
}

template <class T>
void join_halves(const FftHalves<T>& s, T* y_re, T* y_im) {
  y_re[0] = s.z_re[0] + s.z_im[0];
  y_im[0] = 0;
  y_re[s.h] = s.z_re[0] - s.z_im[0];
  y_im[s.h] = 0;
  const int64_t k = join_vectors(hn::ScalableTag<T>(), s, 1, y_re, y_im);
  join_vectors(hn::CappedTag<T, 1>(), s, k, y_re, y_im);
}

template <class T>
void run_pass(const FftPass<T>& pass, const T* x_re, const T* x_im, T* y_re, T* y_im) {
  switch (pass.radix) {
    case 2:
      return run_radix<2>(pass, x_re, x_im, y_re, y_im);
    case 3:
      return run_radix<3>(pass, x_re, x_im, y_re, y_im);
    case 4:
      return run_radix<4>(pass, x_re, x_im, y_re, y_im);
    case 5:
      return run_radix<5>(pass, x_re, x_im, y_re, y_im);
    case 8:
      return run_radix<8>(pass, x_re, x_im, y_re, y_im);
    case 7:
      return run_radix<7>(pass, x_re, x_im, y_re, y_im);
    case 11:
      return run_radix<11>(pass, x_re, x_im, y_re, y_im);
    default:
      return run_radix<13>(pass, x_re, x_im, y_re, y_im);
  }
}

}  // namespace

void fill_fft_loops(FftLoops& loops) {
  loops = {{run_pass<float>, first_of_pairs<float>, separate<float>, join_halves<float>},
           {run_pass<double>, first_of_pairs<double>, separate<double>, join_halves<double>}};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const FftLoops& fft_loops(Isa isa) {
  static const auto all = [] {
    std::array<FftLoops, 3> loops;
    for (FftLoops& each : loops) HWY_STATIC_DISPATCH(fill_fft_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_fft_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512) N_AVX3::fill_fft_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
