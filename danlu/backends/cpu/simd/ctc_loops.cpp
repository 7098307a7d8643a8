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

using D = hn::CappedTag<double, kCtcSlack - 1>;
using F = hn::Rebind<float, D>;
using V = hn::Vec<D>;
using VF = hn::Vec<F>;

/// Differences of states are small where they count: float32 suffices for their exponentials.
HWY_INLINE VF exp_of(V x) { return exp(F(), hn::DemoteTo(F(), x)); }
HWY_INLINE V wide(VF x) { return hn::PromoteTo(D(), x); }

void forward(const double* phi, const double* emit, const float* log_prob, const float* obstacle,
             float mask, size_t labels, double* next_phi, double* next_emit) {
  const D d;
  const F f;
  const V on_mask = hn::Set(d, static_cast<double>(mask));
  next_phi[0] = phi[0] + static_cast<double>(mask);
  for (size_t n = 0; n < labels; n += hn::Lanes(d)) {
    const V p = hn::LoadU(d, phi + n), after = hn::LoadU(d, phi + n + 1);
    const V e = hn::LoadU(d, emit + n + 1);
    const V before = hn::Add(hn::LoadU(d, emit + n), wide(hn::LoadU(f, obstacle + n)));
    const VF apart = exp_of(hn::Neg(hn::Abs(hn::Sub(after, e))));
    const V rest = hn::Add(on_mask, hn::Add(hn::Max(after, e), wide(log1p(f, apart))));
    const V top = hn::Max(hn::Max(p, e), before);
    const VF sum = hn::Add(hn::Add(exp_of(hn::Sub(p, top)), exp_of(hn::Sub(e, top))),
                           exp_of(hn::Sub(before, top)));
    const V go = hn::Add(wide(hn::LoadU(f, log_prob + n)), hn::Add(top, wide(log(f, sum))));
    hn::StoreU(rest, d, next_phi + n + 1);
    hn::StoreU(go, d, next_emit + n + 1);
  }
}

float backward(const double* phi, const double* emit, const float* log_prob, const float* obstacle,
               float mask, size_t labels, const double* next_phi, const double* next_emit,
               float* to_phi, float* to_emit) {
  const D d;
  const F f;
  const V on_mask = hn::Set(d, static_cast<double>(mask)), zero = hn::Zero(d);
  // Never positive but by rounding; behind the last label, where nothing has a weight, anything.
  const auto share = [&](V part, V whole)
                         HWY_ATTR { return exp_of(hn::Min(hn::Sub(part, whole), zero)); };
  VF sum = hn::Zero(f);
  for (size_t n = 0; n <= labels; n += hn::Lanes(d)) {
    const V p = hn::LoadU(d, phi + n), e = hn::LoadU(d, emit + n + 1);
    const V rest = hn::Sub(hn::LoadU(d, next_phi + n), on_mask);
    const V rest_after = hn::Sub(hn::LoadU(d, next_phi + n + 1), on_mask);
    const V go = hn::Sub(hn::LoadU(d, next_emit + n + 1), wide(hn::LoadU(f, log_prob + n)));
    const V go_after =
        hn::Sub(hn::LoadU(d, next_emit + n + 2), wide(hn::LoadU(f, log_prob + n + 1)));
    const V passed = hn::Add(e, wide(hn::LoadU(f, obstacle + n + 1)));
    const VF a = hn::LoadU(f, to_phi + n), a_after = hn::LoadU(f, to_phi + n + 1);
    const VF b = hn::LoadU(f, to_emit + n), b_after = hn::LoadU(f, to_emit + n + 1);
    sum = hn::Add(sum, a);
    const VF back_phi = hn::MulAdd(a, share(p, rest), hn::Mul(b, share(p, go)));
    VF back_emit = hn::MulAdd(a_after, share(e, rest_after), hn::Mul(b, share(e, go)));
    back_emit = hn::MulAdd(b_after, share(passed, go_after), back_emit);
    hn::StoreU(back_phi, f, to_phi + n);
    hn::StoreU(back_emit, f, to_emit + n);
  }
  return hn::GetLane(hn::SumOfLanes(f, sum));
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
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_ctc_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512) N_AVX3::fill_ctc_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
