// Elementary functions of float32 vectors, for every Highway target. Included once per target.
//
// Accuracy: at most 4 units in the last place against the exactly rounded result, denormal results
// included; special values are those of C's <cmath>. math_test.cpp measures both. The polynomials
// are minimax fits of our own; they need no fused multiply-add to keep the bound.

#if defined(DANLU_BACKENDS_CPU_SIMD_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DANLU_BACKENDS_CPU_SIMD_MATH_INL_H_
#undef DANLU_BACKENDS_CPU_SIMD_MATH_INL_H_
#else
#define DANLU_BACKENDS_CPU_SIMD_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The first `n` < Lanes(d) elements; zeros behind them.
template <class D>
HWY_INLINE hn::Vec<D> load_some(D d, const float* p, size_t n) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  float lanes[HWY_MAX_BYTES / sizeof(float)] = {};
  for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
  return hn::LoadU(d, lanes);
#else
  return hn::MaskedLoad(hn::FirstN(d, n), d, p);
#endif
}

template <class D>
HWY_INLINE void store_some(D d, hn::Vec<D> v, float* p, size_t n) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::StoreU(v, d, lanes);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
#else
  hn::BlendedStore(v, hn::FirstN(d, n), d, p);
#endif
}

template <class D, class V>
HWY_INLINE V polynomial(D, V, V sum) {
  return sum;
}
/// Coefficients from the highest power down.
template <class D, class V, class... More>
HWY_INLINE V polynomial(D d, V x, V sum, hn::TFromD<D> next, More... more) {
  return polynomial(d, x, hn::MulAdd(sum, x, hn::Set(d, next)), more...);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V propagate_nan(D, V x, V y) {
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// 2^k for k in [−126, 127].
template <class D, class VI>
HWY_INLINE hn::Vec<D> power_of_two(D d, VI k) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(k, hn::Set(di, 127))));
}

/// x = k·ln 2 + r with |r| ≤ ln 2 / 2; for |x| below 2^20.
template <class D>
struct ExpReduction {
  hn::Vec<hn::RebindToSigned<D>> k;
  hn::Vec<D> r;
};
template <class D, class V = hn::Vec<D>>
HWY_INLINE ExpReduction<D> reduce_exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V magic = hn::Set(d, 12582912.0f);  // 1.5 · 2^23: adding it rounds to a whole number
  const V t = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const V k = hn::Sub(t, magic);
  V r = hn::NegMulAdd(k, hn::Set(d, 0.693145751953125f), x);
  r = hn::NegMulAdd(k, hn::Set(d, 1.428606765330187e-6f), r);
  return {hn::Sub(hn::BitCast(di, t), hn::BitCast(di, magic)), r};
}

/// e^r − 1 for |r| ≤ ln 2 / 2.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1_core(D d, V r) {
  const V p = polynomial(d, r, hn::Set(d, 0.00138642231f), 0.00836654194f, 0.0416675061f,
                         0.166665435f, 0.49999997f);
  return hn::MulAdd(hn::Mul(r, r), p, r);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp(D d, V x) {
  const V low = hn::Set(d, -105.0f), high = hn::Set(d, 89.5f);
  const auto [k, r] = reduce_exp(d, hn::Min(hn::Max(x, low), high));
  const V y = hn::Add(expm1_core(d, r), hn::Set(d, 1.0f));
  // Two factors, so that both ends of the range are reached without leaving it in between.
  const auto half = hn::ShiftRight<1>(k);
  const V scaled = hn::Mul(hn::Mul(y, power_of_two(d, half)), power_of_two(d, hn::Sub(k, half)));
  return propagate_nan(d, x, scaled);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V low = hn::Set(d, -30.0f), high = hn::Set(d, 89.5f);
  const auto [k, r] = reduce_exp(d, hn::Min(hn::Max(x, low), high));
  const V p = expm1_core(d, r);
  // 2^k p + (2^k − 1), with k lowered by one where 2^k would overflow.
  const hn::RebindToSigned<D> di;
  const auto k1 = hn::Min(k, hn::Set(di, 126));
  const V s = power_of_two(d, k1);
  const V y = hn::MulAdd(s, p, hn::Sub(s, one));
  const V rest = power_of_two(d, hn::Sub(k, k1));
  // k = 0 keeps the sign of zero and every denormal.
  const V result = hn::IfThenElse(hn::RebindMask(d, hn::Eq(k, hn::Zero(di))), p, hn::Mul(y, rest));
  return propagate_nan(d, x, hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, result));
}

/// log(1 + f) + e·ln 2 for 1 + f in [√½, √2].
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_core(D d, V f, V e) {
  const V f2 = hn::Mul(f, f);
  const V p =
      polynomial(d, f, hn::Set(d, 0.0671594739f), -0.116537519f, 0.118904732f, -0.124099329f,
                 0.142199114f, -0.166677237f, 0.200020805f, -0.250000149f, 0.333333135f);
  V y = hn::Mul(hn::Mul(f2, f), p);
  y = hn::MulAdd(e, hn::Set(d, -2.12194440e-4f), y);
  y = hn::NegMulAdd(hn::Set(d, 0.5f), f2, y);
  return hn::MulAdd(e, hn::Set(d, 0.693359375f), hn::Add(f, y));
}

/// x = 2^e m with m in [√½, √2], for normal x > 0.
template <class D>
struct LogReduction {
  hn::Vec<hn::RebindToSigned<D>> e;
  hn::Vec<D> m;
};
template <class D, class V = hn::Vec<D>>
HWY_INLINE LogReduction<D> reduce_log(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, x);
  const auto e = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3f3504f3)));
  return {e, hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(e)))};
}

/// What log gives outside (0, ∞).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_special(D d, V x, V y) {
  const V zero = hn::Zero(d);
  const auto regular = hn::And(hn::Gt(x, zero), hn::Lt(x, hn::Set(d, kInf)));
  const V special = hn::IfThenElse(hn::Eq(x, zero), hn::Set(d, -kInf),
                                   hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, kNan), x));
  return hn::IfThenElse(regular, y, special);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log(D d, V x) {
  const auto denormal = hn::Lt(x, hn::Set(d, std::numeric_limits<float>::min()));
  const V scaled = hn::IfThenElse(denormal, hn::Mul(x, hn::Set(d, 33554432.0f)), x);
  const auto [e, m] = reduce_log(d, scaled);
  const V exponent = hn::Sub(hn::ConvertTo(d, e), hn::IfThenElseZero(denormal, hn::Set(d, 25.0f)));
  return log_special(d, x, log_core(d, hn::Sub(m, hn::Set(d, 1.0f)), exponent));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V one = hn::Set(d, 1.0f);
  const V u = hn::Add(one, x);
  const auto [e, m] = reduce_log(d, u);
  // What rounding 1 + x lost, in units of m. Beyond 2^25 it is nothing to the result.
  const V lost =
      hn::IfThenElse(hn::Gt(x, one), hn::Sub(one, hn::Sub(u, x)), hn::Sub(x, hn::Sub(u, one)));
  const V scale = power_of_two(d, hn::Neg(hn::Min(e, hn::Set(di, 120))));
  const V f = hn::MulAdd(lost, scale, hn::Sub(m, one));
  const V y = log_special(d, u, log_core(d, f, hn::ConvertTo(d, e)));
  const auto tiny = hn::Lt(hn::Abs(x), hn::Set(d, 2.0e-8f));
  return hn::IfThenElse(tiny, x, y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh(D d, V x) {
  const V minus_two = hn::Set(d, -2.0f);
  const V t = expm1(d, hn::Mul(minus_two, hn::Abs(x)));
  return hn::CopySign(hn::Div(t, hn::Sub(minus_two, t)), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = exp(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V softplus(D d, V x) {
  const V tail = log1p(d, exp(d, hn::Neg(hn::Abs(x))));
  return hn::Add(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x), tail);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf(D d, V x) {
  const V a = hn::Abs(x);
  const V a2 = hn::Mul(a, a);
  const V small = polynomial(d, a2, hn::Set(d, 8.2930128e-05f), -0.0008123187f, 0.00519914785f,
                             -0.0268585328f, 0.112836763f, -0.376126319f, 0.128379166f);
  // 1 − e^−p(a), where p fits −log(1 − erf).
  const V b = hn::Min(a, hn::Set(d, 3.95f));
  const V p = polynomial(d, b, hn::Set(d, 2.1100388e-05f), -0.000434504618f, 0.00417119265f,
                         -0.025119625f, 0.108280241f, 0.633346856f, 1.12951493f, -0.000174683286f);
  const V large = hn::Sub(hn::Set(d, 1.0f), exp(d, hn::Neg(p)));
  const V y = hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.92f)), hn::MulAdd(a, small, a), large);
  return propagate_nan(d, x, hn::CopySign(y, x));
}

#if HWY_TARGET == HWY_SCALAR

// One lane holds no two doubles; the C library is as fast as anything here.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin(D d, V x) {
  return hn::Set(d, static_cast<float>(std::sin(static_cast<double>(hn::GetLane(x)))));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cos(D d, V x) {
  return hn::Set(d, static_cast<float>(std::cos(static_cast<double>(hn::GetLane(x)))));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow(D d, V x, V y) {
  return hn::Set(d, static_cast<float>(std::pow(static_cast<double>(hn::GetLane(x)),
                                                static_cast<double>(hn::GetLane(y)))));
}

#else

/// sin(x) for kQuadrant = 0, cos(x) for 1. The angle is reduced in double; beyond 1e5, where that
/// is no longer exact enough, the lane is computed by the C library.
template <int kQuadrant, class D, class V = hn::Vec<D>>
HWY_INLINE V sin_or_cos(D d, V x) {
  const hn::RebindToSigned<D> di;
  const hn::Repartition<double, D> dd;
  const hn::Half<D> dh;
  const hn::Half<decltype(di)> dhi;
  const auto in_range = hn::Le(hn::Abs(x), hn::Set(d, 1.0e5f));
  const V bounded = hn::IfThenElseZero(in_range, x);
  const auto magic = hn::Set(dd, 6755399441055744.0);  // 1.5 · 2^52
  const auto reduce = [&](auto half, auto& quadrant) HWY_ATTR {
    const auto wide = hn::PromoteTo(dd, half);
    const auto t = hn::Add(hn::Mul(wide, hn::Set(dd, 0.63661977236758134)), magic);
    const auto q = hn::Sub(t, magic);
    auto r = hn::Sub(wide, hn::Mul(q, hn::Set(dd, 1.5707963267341256)));  // 33 bits: exact
    r = hn::Sub(r, hn::Mul(q, hn::Set(dd, 6.0771005065061922e-11)));
    quadrant = hn::DemoteTo(dhi, q);
    return hn::DemoteTo(dh, r);
  };
  hn::Vec<decltype(dhi)> q_low, q_high;
  const auto r_low = reduce(hn::LowerHalf(dh, bounded), q_low);
  const auto r_high = reduce(hn::UpperHalf(dh, bounded), q_high);
  const V r = hn::Combine(d, r_high, r_low);
  const auto q = hn::Add(hn::Combine(di, q_high, q_low), hn::Set(di, kQuadrant));

  const V r2 = hn::Mul(r, r);
  const V sin_p = polynomial(d, r2, hn::Set(d, 2.8042914e-06f), -0.000198502908f, 0.00833337288f,
                             -0.166666672f);
  const V sin_r = hn::MulAdd(hn::Mul(r2, r), sin_p, r);
  const V cos_p =
      polynomial(d, r2, hn::Set(d, -2.86161139e-07f), 2.481927e-05f, -0.0013888973f, 0.0416666679f);
  const V cos_r =
      hn::MulAdd(hn::Mul(r2, r2), cos_p, hn::NegMulAdd(hn::Set(d, 0.5f), r2, hn::Set(d, 1.0f)));
  const auto odd = hn::RebindMask(d, hn::Eq(hn::And(q, hn::Set(di, 1)), hn::Set(di, 1)));
  const auto sign = hn::BitCast(d, hn::ShiftLeft<30>(hn::And(q, hn::Set(di, 2))));
  V y = hn::Xor(hn::IfThenElse(odd, cos_r, sin_r), sign);
  if constexpr (kQuadrant == 0) y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);

  if (HWY_UNLIKELY(!hn::AllTrue(d, in_range))) {
    float in[HWY_MAX_BYTES / sizeof(float)], out[HWY_MAX_BYTES / sizeof(float)];
    hn::StoreU(x, d, in);
    hn::StoreU(y, d, out);
    for (size_t i = 0; i < hn::Lanes(d); ++i) {
      if (std::abs(in[i]) <= 1.0e5f) continue;
      const double angle = in[i];
      out[i] = static_cast<float>(kQuadrant == 0 ? std::sin(angle) : std::cos(angle));
    }
    y = hn::LoadU(d, out);
  }
  return y;
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin(D d, V x) {
  return sin_or_cos<0>(d, x);
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cos(D d, V x) {
  return sin_or_cos<1>(d, x);
}

/// |x|^y in double, for |x| from 0 to ∞; NaN where y·log|x| has no meaning.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V power_magnitude(D d, V x, V y) {
  const hn::RebindToSigned<D> di;
  const auto one = hn::Set(d, 1.0);
  const auto bits = hn::BitCast(di, x);
  // float32 denormals are normal here, so only 0 and ∞ stand apart.
  const auto k = hn::ShiftRight<52>(hn::Sub(bits, hn::Set(di, 0x3fe6a09e667f3bcdll)));
  const auto m = hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<52>(k)));
  const auto magic = hn::Set(d, 6755399441055744.0);
  const auto e = hn::Sub(hn::BitCast(d, hn::Add(k, hn::BitCast(di, magic))), magic);
  const V s = hn::Div(hn::Sub(m, one), hn::Add(m, one));
  const V s2 = hn::Mul(s, s);
  const V p = polynomial(d, s2, hn::Set(d, 0.097937341270608158), 0.11087986779637145,
                         0.14286056957112769, 0.19999997790491847, 0.33333333337954041);
  const V log2_m = hn::Mul(hn::Mul(s, hn::MulAdd(s2, p, one)), hn::Set(d, 2.8853900817779268));
  V log2_x = hn::Add(e, log2_m);
  const double infinity = std::numeric_limits<double>::infinity();
  log2_x = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Set(d, -infinity), log2_x);
  log2_x = hn::IfThenElse(hn::Eq(x, hn::Set(d, infinity)), x, log2_x);

  const V t = hn::Mul(y, log2_x);
  const V bounded = hn::Min(hn::Max(t, hn::Set(d, -200.0)), hn::Set(d, 200.0));
  const V shifted = hn::Add(bounded, magic);
  const V f = hn::Sub(bounded, hn::Sub(shifted, magic));
  const auto whole = hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, magic));
  const V q = polynomial(d, f, hn::Set(d, 1.3263601453307609e-06), 1.5310125063971238e-05,
                         0.00015403414977157331, 0.0013333450476266783, 0.0096181292201468569,
                         0.055504109411484252, 0.24022650695551276, 0.6931471805460413);
  const V scale = hn::BitCast(d, hn::ShiftLeft<52>(hn::Add(whole, hn::Set(di, 1023))));
  return propagate_nan(d, t, hn::Mul(hn::MulAdd(f, q, one), scale));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V pow(D d, V x, V y) {
  const hn::Repartition<double, D> dd;
  const hn::Half<D> dh;
  const hn::RebindToSigned<D> di;
  const V zero = hn::Zero(d), one = hn::Set(d, 1.0f), infinity = hn::Set(d, kInf);
  const V ax = hn::Abs(x), ay = hn::Abs(y);
  const auto half = [&](auto a, auto b) HWY_ATTR {
    return hn::DemoteTo(dh, power_magnitude(dd, hn::PromoteTo(dd, a), hn::PromoteTo(dd, b)));
  };
  const V magnitude = hn::Combine(d, half(hn::UpperHalf(dh, ax), hn::UpperHalf(dh, y)),
                                  half(hn::LowerHalf(dh, ax), hn::LowerHalf(dh, y)));
  // Beyond 2^24 every float is an even whole number.
  const auto huge = hn::Ge(ay, hn::Set(d, 16777216.0f));
  const auto number = hn::ConvertTo(di, hn::IfThenElseZero(hn::Not(huge), y));
  const auto whole = hn::Or(huge, hn::Eq(hn::ConvertTo(d, number), y));
  const auto odd = hn::RebindMask(d, hn::Eq(hn::And(number, hn::Set(di, 1)), hn::Set(di, 1)));
  const V sign = hn::IfThenElseZero(hn::And(odd, whole), hn::And(x, hn::Set(d, -0.0f)));
  V result = hn::Or(magnitude, sign);
  const auto finite_negative = hn::And(hn::Lt(x, zero), hn::Gt(x, hn::Set(d, -kInf)));
  result = hn::IfThenElse(hn::AndNot(whole, finite_negative), hn::Set(d, kNan), result);
  result = hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::IsNaN(y)), hn::Set(d, kNan), result);
  const auto is_one = hn::Or(hn::Or(hn::Eq(x, one), hn::Eq(y, zero)),
                             hn::And(hn::Eq(ax, one), hn::Eq(ay, infinity)));
  return hn::IfThenElse(is_one, one, result);
}

#endif  // HWY_TARGET == HWY_SCALAR

/// Nearest whole number, halves to even.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V round(D d, V x) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  const V a = hn::Abs(x);
  const V magic = hn::Set(d, 8388608.0f);
  const V rounded = hn::CopySign(hn::Sub(hn::Add(a, magic), magic), x);
  return hn::IfThenElse(hn::Lt(a, magic), rounded, x);
#else
  (void)d;
  return hn::Round(x);
#endif
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#endif  // DANLU_BACKENDS_CPU_SIMD_MATH_INL_H_
