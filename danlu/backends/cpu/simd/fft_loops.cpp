// The passes of simd/fft_plan.h.

#include <array>

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

/// The transform of a[0 … P), in place.
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
  } else {
    // Odd: the numbers j and P − j together.
    constexpr int kHalf = P / 2;
    Cx<D> sums[kHalf + 1], differences[kHalf + 1];
    const Cx<D> first = a[0];
    for (int j = 1; j <= kHalf; ++j) {
      sums[j] = plus(a[j], a[P - j]);
      differences[j] = turned(minus(a[j], a[P - j]));
      a[0] = plus(a[0], sums[j]);
    }
    for (int r = 1; r <= kHalf; ++r) {
      // root_im is −sin.
      Cx<D> even = first;
      Cx<D> odd = scaled(d, -pass.root_im[r], differences[1]);
      even = scaled_sum(d, even, pass.root_re[r], sums[1]);
      for (int j = 2; j <= kHalf; ++j) {
        even = scaled_sum(d, even, pass.root_re[r * j % P], sums[j]);
        odd = scaled_sum(d, odd, -pass.root_im[r * j % P], differences[j]);
      }
      a[r] = plus(even, odd);
      a[P - r] = minus(even, odd);
    }
  }
}

/// k in [begin, end) of one q, as many whole vectors of `d` as fit; where it stopped.
template <int P, class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t along_stride(D d, const FftPass<T>& pass, int64_t q, int64_t begin,
                                const T* HWY_RESTRICT x_re, const T* HWY_RESTRICT x_im,
                                T* HWY_RESTRICT y_re, T* HWY_RESTRICT y_im) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Cx<D> w[P];
  for (int r = 1; r < P; ++r) {
    const auto at = static_cast<size_t>((r - 1) * pass.m + q);
    w[r] = {hn::Set(d, pass.twiddle_re[at]), hn::Set(d, pass.twiddle_im[at])};
  }
  const int64_t s = pass.stride;
  int64_t k = begin;
  for (; k + lanes <= s; k += lanes) {
    Cx<D> a[P];
    for (int j = 0; j < P; ++j) {
      const int64_t at = k + s * (q + pass.m * j);
      a[j] = {hn::LoadU(d, x_re + at), hn::LoadU(d, x_im + at)};
    }
    small_transform<P>(d, pass, a);
    for (int r = 0; r < P; ++r) {
      const Cx<D> b = r == 0 ? a[0] : times(a[r], w[r]);
      const int64_t at = k + s * (P * q + r);
      hn::StoreU(b.re, d, y_re + at);
      hn::StoreU(b.im, d, y_im + at);
    }
  }
  return k;
}

/// The first pass: q in vectors, the results of one q side by side. Where it stopped.
template <int P, class D, class T = hn::TFromD<D>>
HWY_INLINE int64_t along_q(D d, const FftPass<T>& pass, const T* HWY_RESTRICT x_re,
                           const T* HWY_RESTRICT x_im, T* HWY_RESTRICT y_re, T* HWY_RESTRICT y_im) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t q = 0;
  for (; q + lanes <= pass.m; q += lanes) {
    Cx<D> a[P];
    for (int j = 0; j < P; ++j) {
      const int64_t at = q + pass.m * j;
      a[j] = {hn::LoadU(d, x_re + at), hn::LoadU(d, x_im + at)};
    }
    small_transform<P>(d, pass, a);
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

template <int P, class T>
void run_radix(const FftPass<T>& pass, const T* x_re, const T* x_im, T* y_re, T* y_im) {
  const hn::ScalableTag<T> full;
  const hn::CappedTag<T, 4> some;
  const hn::CappedTag<T, 1> one;
  int64_t q = 0;
  if constexpr (P <= 4) {
    if (pass.stride == 1) q = along_q<P>(full, pass, x_re, x_im, y_re, y_im);
  }
  for (; q < pass.m; ++q) {
    int64_t k = along_stride<P>(full, pass, q, 0, x_re, x_im, y_re, y_im);
    if (k < pass.stride) k = along_stride<P>(some, pass, q, k, x_re, x_im, y_re, y_im);
    if (k < pass.stride) along_stride<P>(one, pass, q, k, x_re, x_im, y_re, y_im);
  }
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
    case 7:
      return run_radix<7>(pass, x_re, x_im, y_re, y_im);
    case 11:
      return run_radix<11>(pass, x_re, x_im, y_re, y_im);
    default:
      return run_radix<13>(pass, x_re, x_im, y_re, y_im);
  }
}

}  // namespace

void fill_fft_loops(FftLoops& loops) { loops = {run_pass<float>, run_pass<double>}; }

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
    N_AVX2::fill_fft_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    N_AVX3::fill_fft_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
