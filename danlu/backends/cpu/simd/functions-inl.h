// More elementary functions of float32 vectors, made of those of math-inl.h. Included once per
// target. Accuracy: at most 5 units in the last place; math_test.cpp measures.

#if defined(DANLU_BACKENDS_CPU_SIMD_FUNCTIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DANLU_BACKENDS_CPU_SIMD_FUNCTIONS_INL_H_
#undef DANLU_BACKENDS_CPU_SIMD_FUNCTIONS_INL_H_
#else
#define DANLU_BACKENDS_CPU_SIMD_FUNCTIONS_INL_H_
#endif

#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {

inline constexpr float kLn2 = 0.69314718f;
inline constexpr float kHalfPi = 1.57079633f;
inline constexpr float kHalfPiRest = -4.37113883e-8f;  ///< π/2 − kHalfPi

/// Towards 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V trunc(D d, V x) {
  (void)d;
  return hn::CopySign(hn::Floor(hn::Abs(x)), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V bounded = hn::Min(hn::Max(x, hn::Set(d, -151.0f)), hn::Set(d, 129.0f));
  const V whole = round(d, bounded);
  const V y =
      hn::Add(expm1_core(d, hn::Mul(hn::Sub(bounded, whole), hn::Set(d, kLn2))), hn::Set(d, 1.0f));
  const auto k = hn::ConvertTo(di, whole);
  const auto half = hn::ShiftRight<1>(k);
  const V scaled = hn::Mul(hn::Mul(y, power_of_two(d, half)), power_of_two(d, hn::Sub(k, half)));
  return propagate_nan(d, x, scaled);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log2(D d, V x) {
  const auto denormal = hn::Lt(x, hn::Set(d, std::numeric_limits<float>::min()));
  const V scaled = hn::IfThenElse(denormal, hn::Mul(x, hn::Set(d, 33554432.0f)), x);
  const auto [e, m] = reduce_log(d, scaled);
  const V exponent = hn::Sub(hn::ConvertTo(d, e), hn::IfThenElseZero(denormal, hn::Set(d, 25.0f)));
  const V part = log_core(d, hn::Sub(m, hn::Set(d, 1.0f)), hn::Zero(d));
  // 1/ln 2 in two parts.
  const V y = hn::MulAdd(part, hn::Set(d, 1.44269502f), hn::Mul(part, hn::Set(d, 1.92596303e-8f)));
  return log_special(d, x, hn::Add(exponent, y));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log10(D d, V x) {
  const auto denormal = hn::Lt(x, hn::Set(d, std::numeric_limits<float>::min()));
  const V scaled = hn::IfThenElse(denormal, hn::Mul(x, hn::Set(d, 33554432.0f)), x);
  const auto [e, m] = reduce_log(d, scaled);
  const V exponent = hn::Sub(hn::ConvertTo(d, e), hn::IfThenElseZero(denormal, hn::Set(d, 25.0f)));
  const V part = log_core(d, hn::Sub(m, hn::Set(d, 1.0f)), hn::Zero(d));
  // log10 2 in two parts, the first of so few bits that its multiples are exact.
  V y = hn::Mul(exponent, hn::Set(d, 4.6050390e-6f));
  y = hn::MulAdd(part, hn::Set(d, 0.434294492f), y);
  return log_special(d, x, hn::MulAdd(exponent, hn::Set(d, 0.301025391f), y));
}

/// Halley's iterations from a third of the exponent.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cbrt(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V a = hn::Abs(x), one = hn::Set(d, 1.0f);
  // Numbers near the ends of the range come nearer, so that no cube leaves it.
  const auto small = hn::Lt(a, hn::Set(d, 1e-30f)), large = hn::Gt(a, hn::Set(d, 1e30f));
  V in = hn::IfThenElse(small, hn::Set(d, 2.81474977e14f), one);  // 2^48
  in = hn::IfThenElse(large, hn::Set(d, 5.96046448e-8f), in);
  V out = hn::IfThenElse(small, hn::Set(d, 1.52587891e-5f), one);
  out = hn::IfThenElse(large, hn::Set(d, 256.0f), out);
  const V scaled = hn::Mul(a, in);
  const V bits = hn::ConvertTo(d, hn::BitCast(di, scaled));
  const auto third = hn::ConvertTo(di, hn::Mul(bits, hn::Set(d, 0.333333333f)));
  V y = hn::BitCast(d, hn::Add(third, hn::Set(di, 0x2a555555)));
  for (int i = 0; i < 2; ++i) {
    const V cube = hn::Mul(hn::Mul(y, y), y);
    const V change = hn::Div(hn::Sub(scaled, cube), hn::Add(hn::Add(cube, cube), scaled));
    y = hn::MulAdd(y, change, y);
  }
  const auto regular = hn::And(hn::Gt(a, hn::Zero(d)), hn::Lt(a, hn::Set(d, kInf)));
  return hn::IfThenElse(regular, hn::CopySign(hn::Mul(y, out), x), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan(D d, V x) {
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, hn::Div(sin(d, x), cos(d, x)));
}

/// For |x| up to tan(π/8).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V arctan_core(D d, V x) {
  const V z = hn::Mul(x, x);
  const V p = polynomial(d, z, hn::Set(d, -0.0646678954f), 0.107488409f, -0.142645046f,
                         0.199995592f, -0.333333313f);
  return hn::MulAdd(hn::Mul(x, z), p, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V arctan(D d, V x) {
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d);
  const V a = hn::Abs(x);
  const auto far = hn::Gt(a, hn::Set(d, 2.41421356f));
  const auto middle = hn::AndNot(far, hn::Gt(a, hn::Set(d, 0.414213562f)));
  V t = hn::IfThenElse(far, hn::Div(hn::Set(d, -1.0f), a), a);
  t = hn::IfThenElse(middle, hn::Div(hn::Sub(a, one), hn::Add(a, one)), t);
  const V quarters = hn::IfThenElse(far, one, hn::IfThenElse(middle, hn::Set(d, 0.5f), zero));
  const V rest = hn::MulAdd(quarters, hn::Set(d, kHalfPiRest), arctan_core(d, t));
  const V y = hn::MulAdd(quarters, hn::Set(d, kHalfPi), rest);
  return propagate_nan(d, x, hn::CopySign(y, x));
}

/// The angle of the point (x, y).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V arctan2(D d, V y, V x) {
  const V zero = hn::Zero(d), one = hn::Set(d, 1.0f);
  const V ax = hn::Abs(x), ay = hn::Abs(y);
  const V most = hn::Max(ax, ay), least = hn::Min(ax, ay);
  V ratio = hn::Div(least, most);
  ratio = hn::IfThenElse(hn::Eq(most, zero), zero, ratio);
  ratio = hn::IfThenElse(hn::Eq(least, hn::Set(d, kInf)), one, ratio);
  V angle = arctan(d, ratio);
  const V half_pi = hn::Set(d, kHalfPi), rest = hn::Set(d, kHalfPiRest);
  angle = hn::IfThenElse(hn::Gt(ay, ax), hn::Add(hn::Sub(half_pi, angle), rest), angle);
  const auto behind = hn::Lt(hn::CopySign(one, x), zero);
  const V turned = hn::Add(hn::Sub(hn::Add(half_pi, half_pi), angle), hn::Add(rest, rest));
  angle = hn::CopySign(hn::IfThenElse(behind, turned, angle), y);
  return propagate_nan(d, x, propagate_nan(d, y, angle));
}

/// For |x| up to ½, z being x².
template <class D, class V = hn::Vec<D>>
HWY_INLINE V arcsin_core(D d, V x, V z) {
  const V p = polynomial(d, z, hn::Set(d, 0.0383283459f), 0.0264333412f, 0.0450202182f,
                         0.0749876127f, 0.166666731f);
  return hn::MulAdd(hn::Mul(x, z), p, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V arcsin(D d, V x) {
  const V half = hn::Set(d, 0.5f), a = hn::Abs(x);
  const auto far = hn::Gt(a, half);
  const V z = hn::IfThenElse(far, hn::Mul(half, hn::Sub(hn::Set(d, 1.0f), a)), hn::Mul(a, a));
  const V core = arcsin_core(d, hn::IfThenElse(far, hn::Sqrt(z), a), z);
  const V turned =
      hn::Add(hn::Sub(hn::Set(d, kHalfPi), hn::Add(core, core)), hn::Set(d, kHalfPiRest));
  return propagate_nan(d, x, hn::CopySign(hn::IfThenElse(far, turned, core), x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V arccos(D d, V x) {
  const V half = hn::Set(d, 0.5f), a = hn::Abs(x);
  const V half_pi = hn::Set(d, kHalfPi), rest = hn::Set(d, kHalfPiRest);
  const auto far = hn::Gt(a, half);
  const V z = hn::IfThenElse(far, hn::Mul(half, hn::Sub(hn::Set(d, 1.0f), a)), hn::Mul(a, a));
  const V core = arcsin_core(d, hn::IfThenElse(far, hn::Sqrt(z), a), z);
  const V twice = hn::Add(core, core);
  const V negative = hn::Add(hn::Sub(hn::Add(half_pi, half_pi), twice), hn::Add(rest, rest));
  const V outer = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), negative, twice);
  const V inner = hn::Add(hn::Sub(half_pi, hn::CopySign(core, x)), rest);
  return propagate_nan(d, x, hn::IfThenElse(far, outer, inner));
}

/// e^|x| / 2, as far as it is finite.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V half_exp(D d, V a) {
  const V root = exp(d, hn::Mul(hn::Set(d, 0.5f), a));
  return hn::Mul(hn::Mul(hn::Set(d, 0.5f), root), root);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sinh(D d, V x) {
  const V a = hn::Abs(x), half = hn::Set(d, 0.5f), one = hn::Set(d, 1.0f);
  const V t = expm1(d, hn::Min(a, one));
  const V near = hn::Mul(half, hn::Add(t, hn::Div(t, hn::Add(t, one))));
  const V e = half_exp(d, a);
  const V far = hn::Sub(e, hn::Div(hn::Set(d, 0.25f), e));
  return propagate_nan(d, x, hn::CopySign(hn::IfThenElse(hn::Lt(a, one), near, far), x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cosh(D d, V x) {
  const V e = half_exp(d, hn::Abs(x));
  return hn::Add(e, hn::Div(hn::Set(d, 0.25f), e));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V arcsinh(D d, V x) {
  const V a = hn::Abs(x), one = hn::Set(d, 1.0f);
  const auto far = hn::Gt(a, hn::Set(d, 1e9f));
  const V b = hn::IfThenElseZero(hn::Not(far), a), square = hn::Mul(b, b);
  const V above = hn::Add(b, hn::Div(square, hn::Add(one, hn::Sqrt(hn::Add(one, square)))));
  const V near = log1p(d, above);
  const V y = hn::IfThenElse(far, hn::Add(log(d, a), hn::Set(d, kLn2)), near);
  return propagate_nan(d, x, hn::CopySign(y, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V arccosh(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const auto far = hn::Gt(x, hn::Set(d, 1e9f));
  const V t = hn::Sub(hn::IfThenElse(far, one, x), one);
  const V near = log1p(d, hn::Add(t, hn::Sqrt(hn::Mul(t, hn::Add(t, hn::Set(d, 2.0f))))));
  const V y = hn::IfThenElse(far, hn::Add(log(d, x), hn::Set(d, kLn2)), near);
  return hn::IfThenElse(hn::Lt(x, one), hn::Set(d, kNan), y);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V arctanh(D d, V x) {
  const V a = hn::Abs(x), one = hn::Set(d, 1.0f);
  const V y = hn::Mul(hn::Set(d, 0.5f), log1p(d, hn::Div(hn::Add(a, a), hn::Sub(one, a))));
  const V outside = hn::IfThenElse(hn::Gt(a, one), hn::Set(d, kNan), y);
  return propagate_nan(d, x, hn::CopySign(outside, x));
}

/// √(x² + y²); an infinity counts more than a NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V hypot(D d, V x, V y) {
  const V a = hn::Abs(x), b = hn::Abs(y), infinity = hn::Set(d, kInf), zero = hn::Zero(d);
  const V most = hn::Max(a, b), least = hn::Min(a, b);
  const V ratio = hn::IfThenElse(hn::Eq(most, zero), zero, hn::Div(least, most));
  V r = hn::Mul(most, hn::Sqrt(hn::MulAdd(ratio, ratio, hn::Set(d, 1.0f))));
  r = propagate_nan(d, x, propagate_nan(d, y, r));
  return hn::IfThenElse(hn::Or(hn::Eq(a, infinity), hn::Eq(b, infinity)), infinity, r);
}

/// Remainders and the quotient that belongs to them.
enum class Division : int { fmod, mod, floor };

inline double divided(Division kind, double a, double b) {
  const double rest = std::fmod(a, b);
  const bool other_side = rest != 0 && (rest < 0) != (b < 0);
  if (kind == Division::fmod) return rest;
  if (kind == Division::mod)
    return rest == 0 ? std::copysign(0.0, b) : other_side ? rest + b : rest;
  const double quotient = (a - rest) / b;
  if (b == 0 || !(quotient - quotient == 0)) return std::floor(a / b);
  return std::nearbyint(other_side ? quotient - 1 : quotient);
}

#if HWY_TARGET == HWY_SCALAR

template <Division kind, class D, class V = hn::Vec<D>>
HWY_INLINE V divide_whole(D d, V x, V y) {
  return hn::Set(d, static_cast<float>(divided(kind, static_cast<double>(hn::GetLane(x)),
                                               static_cast<double>(hn::GetLane(y)))));
}

#else

/// In double, where products of a quotient below 2²⁸ and a float32 are exact; other lanes are
/// computed one by one.
template <Division kind, class D, class V = hn::Vec<D>>
HWY_INLINE V divide_whole(D d, V x, V y) {
  const hn::Repartition<double, D> dd;
  const hn::Half<D> dh;
  const auto zero = hn::Zero(dd);
  bool usual = true;
  const auto part = [&](auto half_x, auto half_y) HWY_ATTR {
    const auto a = hn::PromoteTo(dd, half_x), b = hn::PromoteTo(dd, half_y);
    const auto ratio = hn::Div(a, b);
    const auto fits = hn::And(hn::Lt(hn::Abs(ratio), hn::Set(dd, 268435456.0)),
                              hn::Lt(hn::Abs(b), hn::Set(dd, 1e300)));
    usual = usual && hn::AllTrue(dd, fits);
    const auto safe = hn::IfThenElseZero(fits, ratio);
    auto q = hn::CopySign(hn::Floor(hn::Abs(safe)), safe);
    auto rest = hn::NegMulAdd(q, b, a);
    // A quotient that was rounded up to a whole number.
    const auto beyond = hn::And(hn::Ne(rest, zero), hn::Lt(hn::Mul(rest, a), zero));
    const auto towards = hn::CopySign(hn::Set(dd, 1.0), safe);
    q = hn::IfThenElse(beyond, hn::Sub(q, towards), q);
    rest = hn::NegMulAdd(q, b, a);
    if constexpr (kind == Division::fmod) return hn::DemoteTo(dh, hn::CopySign(rest, a));
    const auto other_side = hn::Lt(
        hn::Mul(hn::CopySign(hn::Set(dd, 1.0), rest), hn::CopySign(hn::Set(dd, 1.0), b)), zero);
    const auto moved = hn::And(hn::Ne(rest, zero), other_side);
    if constexpr (kind == Division::floor) {
      return hn::DemoteTo(dh, hn::IfThenElse(moved, hn::Sub(q, hn::Set(dd, 1.0)), q));
    }
    const auto turned = hn::IfThenElse(moved, hn::Add(rest, b), rest);
    return hn::DemoteTo(dh, hn::IfThenElse(hn::Eq(rest, zero), hn::CopySign(zero, b), turned));
  };
  const auto low = part(hn::LowerHalf(dh, x), hn::LowerHalf(dh, y));
  const auto high = part(hn::UpperHalf(dh, x), hn::UpperHalf(dh, y));
  V result = hn::Combine(d, high, low);
  if (HWY_UNLIKELY(!usual)) {
    constexpr size_t kLanes = HWY_MAX_BYTES / sizeof(float);
    float a[kLanes], b[kLanes], out[kLanes];
    hn::StoreU(x, d, a);
    hn::StoreU(y, d, b);
    for (size_t i = 0; i < hn::Lanes(d); ++i) {
      out[i] =
          static_cast<float>(divided(kind, static_cast<double>(a[i]), static_cast<double>(b[i])));
    }
    result = hn::LoadU(d, out);
  }
  return result;
}

#endif  // HWY_TARGET == HWY_SCALAR

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#endif  // DANLU_BACKENDS_CPU_SIMD_FUNCTIONS_INL_H_
