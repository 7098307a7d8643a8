#include "danlu/backends/cpu/simd/ctc_loops.h"

#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/ctc_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::CappedTag<float, kCtcSlack - 1>;
using V = hn::Vec<D>;

float forward(const float* phi, const float* emit, const float* log_prob, const float* obstacle,
              float mask, size_t labels, float* next_phi, float* next_emit) {
  const D d;
  const V on_mask = hn::Set(d, mask), one = hn::Set(d, 1.0f);
  next_phi[0] = phi[0] + mask;
  V most = hn::Set(d, next_phi[0]);
  for (size_t n = 0; n < labels; n += hn::Lanes(d)) {
    const V p = hn::LoadU(d, phi + n), after = hn::LoadU(d, phi + n + 1);
    const V e = hn::LoadU(d, emit + n + 1);
    const V before = hn::Add(hn::LoadU(d, emit + n), hn::LoadU(d, obstacle + n));
    const V apart = exp(d, hn::Neg(hn::Abs(hn::Sub(after, e))));
    const V rest = hn::Add(on_mask, hn::Add(hn::Max(after, e), log(d, hn::Add(one, apart))));
    const V top = hn::Max(hn::Max(p, e), before);
    const V sum = hn::Add(hn::Add(exp(d, hn::Sub(p, top)), exp(d, hn::Sub(e, top))),
                          exp(d, hn::Sub(before, top)));
    const V go = hn::Add(hn::LoadU(d, log_prob + n), hn::Add(top, log(d, sum)));
    hn::StoreU(rest, d, next_phi + n + 1);
    hn::StoreU(go, d, next_emit + n + 1);
    most = hn::Max(most, hn::Max(rest, go));
  }
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

float backward(const float* phi, const float* emit, const float* log_prob, const float* obstacle,
               float mask, size_t labels, const float* next_phi, const float* next_emit,
               float* to_phi, float* to_emit) {
  const D d;
  const V on_mask = hn::Set(d, mask), zero = hn::Zero(d);
  // Never positive but by rounding; behind the last label, where nothing has a weight, anything.
  const auto share = [&](V part, V whole)
                         HWY_ATTR { return exp(d, hn::Min(hn::Sub(part, whole), zero)); };
  V sum = zero;
  for (size_t n = 0; n <= labels; n += hn::Lanes(d)) {
    const V p = hn::LoadU(d, phi + n), e = hn::LoadU(d, emit + n + 1);
    const V rest = hn::Sub(hn::LoadU(d, next_phi + n), on_mask);
    const V rest_after = hn::Sub(hn::LoadU(d, next_phi + n + 1), on_mask);
    const V go = hn::Sub(hn::LoadU(d, next_emit + n + 1), hn::LoadU(d, log_prob + n));
    const V go_after = hn::Sub(hn::LoadU(d, next_emit + n + 2), hn::LoadU(d, log_prob + n + 1));
    const V passed = hn::Add(e, hn::LoadU(d, obstacle + n + 1));
    const V a = hn::LoadU(d, to_phi + n), a_after = hn::LoadU(d, to_phi + n + 1);
    const V b = hn::LoadU(d, to_emit + n), b_after = hn::LoadU(d, to_emit + n + 1);
    sum = hn::Add(sum, a);
    const V back_phi = hn::MulAdd(a, share(p, rest), hn::Mul(b, share(p, go)));
    V back_emit = hn::MulAdd(a_after, share(e, rest_after), hn::Mul(b, share(e, go)));
    back_emit = hn::MulAdd(b_after, share(passed, go_after), back_emit);
    hn::StoreU(back_phi, d, to_phi + n);
    hn::StoreU(back_emit, d, to_emit + n);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

}  // namespace

void fill_ctc_loops(CtcLoops& loops) { loops = {.forward = forward, .backward = backward}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const CtcLoops& ctc_loops(Isa isa) {
  static const auto all = [] {
    std::array<CtcLoops, 3> loops;
    for (CtcLoops& each : loops) HWY_STATIC_DISPATCH(fill_ctc_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    N_AVX2::fill_ctc_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    N_AVX3::fill_ctc_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
