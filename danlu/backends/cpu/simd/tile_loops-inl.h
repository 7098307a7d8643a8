// Loops over float32 tiles around a functor `static V apply(D, V...)`. Included once per target.

#if defined(DANLU_BACKENDS_CPU_SIMD_TILE_LOOPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DANLU_BACKENDS_CPU_SIMD_TILE_LOOPS_INL_H_
#undef DANLU_BACKENDS_CPU_SIMD_TILE_LOOPS_INL_H_
#else
#define DANLU_BACKENDS_CPU_SIMD_TILE_LOOPS_INL_H_
#endif

#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// A loop for functors so long that the loop itself costs nothing.
template <class Op>
void long_loop(const float* a, const float* b, const float* c, float* out, size_t n,
               uint32_t uniform) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const auto load = [&](const float* p, size_t i, uint32_t bit) HWY_ATTR {
    if (uniform & bit) return hn::LoadU(d, p);
    return n - i >= lanes ? hn::LoadU(d, p + i) : load_some(d, p + i, n - i);
  };
  for (size_t i = 0; i < n; i += lanes) {
    V y;
    if constexpr (Op::kArity == 1) {
      y = Op::apply(d, load(a, i, 1));
    } else if constexpr (Op::kArity == 2) {
      y = Op::apply(d, load(a, i, 1), load(b, i, 2));
    } else {
      y = Op::apply(d, load(a, i, 1), load(b, i, 2), load(c, i, 4));
    }
    if (n - i >= lanes) {
      hn::StoreU(y, d, out + i);
    } else {
      store_some(d, y, out + i, n - i);
    }
  }
}

template <class Op>
HWY_INLINE V apply_at(D d, const float* a, const float* b, const float* c) {
  if constexpr (Op::kArity == 1) {
    return Op::apply(d, hn::LoadU(d, a));
  } else if constexpr (Op::kArity == 2) {
    return Op::apply(d, hn::LoadU(d, a), hn::LoadU(d, b));
  } else {
    return Op::apply(d, hn::LoadU(d, a), hn::LoadU(d, b), hn::LoadU(d, c));
  }
}

/// A loop for functors of a few instructions: four vectors a turn; a uniform operand is one vector
/// in the first-level cache whose pointer stands still.
template <class Op>
void short_loop(const float* a, const float* b, const float* c, float* out, size_t n,
                uint32_t uniform) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const size_t da = (uniform & 1) ? 0 : lanes;
  const size_t db = (uniform & 2) ? 0 : lanes;
  const size_t dc = (uniform & 4) ? 0 : lanes;
  for (; n >= 4 * lanes; n -= 4 * lanes) {
    const V y0 = apply_at<Op>(d, a, b, c);
    const V y1 = apply_at<Op>(d, a + da, b + db, c + dc);
    const V y2 = apply_at<Op>(d, a + 2 * da, b + 2 * db, c + 2 * dc);
    const V y3 = apply_at<Op>(d, a + 3 * da, b + 3 * db, c + 3 * dc);
    hn::StoreU(y0, d, out);
    hn::StoreU(y1, d, out + lanes);
    hn::StoreU(y2, d, out + 2 * lanes);
    hn::StoreU(y3, d, out + 3 * lanes);
    a += 4 * da, b += 4 * db, c += 4 * dc, out += 4 * lanes;
  }
  for (; n >= lanes; n -= lanes) {
    hn::StoreU(apply_at<Op>(d, a, b, c), d, out);
    a += da, b += db, c += dc, out += lanes;
  }
  if (n > 0) {
    // A uniform operand has a whole vector; reading its first lanes is as good.
    V y;
    if constexpr (Op::kArity == 1) {
      y = Op::apply(d, load_some(d, a, n));
    } else if constexpr (Op::kArity == 2) {
      y = Op::apply(d, load_some(d, a, n), load_some(d, b, n));
    } else {
      y = Op::apply(d, load_some(d, a, n), load_some(d, b, n), load_some(d, c, n));
    }
    store_some(d, y, out, n);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#endif  // DANLU_BACKENDS_CPU_SIMD_TILE_LOOPS_INL_H_
