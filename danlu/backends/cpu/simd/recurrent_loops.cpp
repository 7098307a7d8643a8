// The loops of simd/recurrent.h.

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/backends/cpu/simd/recurrent.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/recurrent_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Rows whose sums fit the registers beside a vector of weights for each gate.
constexpr int most_rows(int vectors) { return (HWY_MAX_BYTES >= 64 ? 24 : 12) / vectors; }

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

/// sums += a · b, b packed.
template <int kR, int kV>
HWY_INLINE void multiply(const float* a, int64_t a_row, const float* b, int64_t depth,
                         V (&sums)[kR][kV]) {
  const D d;
  constexpr size_t kLanes = hn::MaxLanes(d);
  for (int64_t p = 0; p < depth; ++p, b += kV * kLanes) {
    V column[kV];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) column[v] = hn::Load(d, b + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < kR; ++r) {
      const V factor = hn::Set(d, a[r * a_row + p]);
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sums[r][v] = hn::MulAdd(factor, column[v], sums[r][v]);
    }
  }
}

/// Rows in blocks of nearly equal height: f(row, std::integral_constant<int, rows of the block>).
template <int kMost, class F>
HWY_INLINE void for_row_blocks(int64_t rows, F&& f) {
  const int64_t blocks = (rows + kMost - 1) / kMost;
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t begin = rows * i / blocks, count = rows * (i + 1) / blocks - begin;
    [&]<int... kR>(std::integer_sequence<int, kR...>) {
      ((count == kR + 1 ? f(begin, std::integral_constant<int, kR + 1>()) : void()), ...);
    }
    (std::make_integer_sequence<int, kMost>());
  }
}

/// Asks for the same place of the next step.
HWY_INLINE void fetch(const float* p) { __builtin_prefetch(p); }

struct LstmCell {
  static constexpr int kGates = 4;

  template <int kR>
  static HWY_INLINE void start(const RecurrentStep& s, int64_t row, int64_t unit, size_t n,
                               V (&sums)[kR][kGates]) {
    const D d;
#pragma GCC unroll 12
    for (int r = 0; r < kR; ++r) {
      const float* z = s.input + (row + r) * s.time * kGates * s.units + unit;
#pragma GCC unroll 4
      for (int g = 0; g < kGates; ++g) {
        sums[r][g] = load(d, z + g * s.units, n);
        fetch(z + (kGates + g) * s.units);
      }
    }
  }

  static HWY_INLINE void finish(const RecurrentStep& s, int64_t row, int64_t unit, size_t n,
                                const V (&sums)[kGates]) {
    const D d;
    const V i = sigmoid(d, sums[0]), f = sigmoid(d, sums[1]);
    const V g = tanh(d, sums[2]), o = sigmoid(d, sums[3]);
    float* gates = s.gates + row * s.time * kGates * s.units + unit;
    store(d, i, gates, n);
    store(d, f, gates + s.units, n);
    store(d, g, gates + 2 * s.units, n);
    store(d, o, gates + 3 * s.units, n);
    const int64_t at = row * s.stride + unit;
    V c = hn::Load(d, s.cells + at), h = hn::Load(d, s.before + at);
    if (s.mask == nullptr || s.mask[row * s.time] != 0) {
      c = hn::MulAdd(f, c, hn::Mul(i, g));
      h = hn::Mul(o, tanh(d, c));
    }
    hn::Store(c, d, s.cells + at);
    hn::Store(h, d, s.after + at);
    store(d, c, s.cells_out + row * s.time * s.units + unit, n);
    store(d, h, s.states_out + row * s.time * s.units + unit, n);
  }
};

struct GruCell {
  static constexpr int kGates = 3;

  template <int kR>
  static HWY_INLINE void start(const RecurrentStep& s, int64_t row, int64_t unit, size_t n,
                               V (&sums)[kR][kGates]) {
    const D d;
#pragma GCC unroll 12
    for (int r = 0; r < kR; ++r) {
      const float* x = s.input + (row + r) * s.time * kGates * s.units + unit;
#pragma GCC unroll 4
      for (int g = 0; g < kGates; ++g) {
        sums[r][g] = load(d, s.bias + g * s.units + unit, n);
        if (g < 2) sums[r][g] = hn::Add(sums[r][g], load(d, x + g * s.units, n));
        fetch(x + (kGates + g) * s.units);
      }
    }
  }

  static HWY_INLINE void finish(const RecurrentStep& s, int64_t row, int64_t unit, size_t n,
                                const V (&sums)[kGates]) {
    const D d;
    const float* x = s.input + row * s.time * kGates * s.units + 2 * s.units + unit;
    const V z = sigmoid(d, sums[0]), r = sigmoid(d, sums[1]);
    const V next = tanh(d, hn::MulAdd(r, sums[2], load(d, x, n)));
    float* gates = s.gates + row * s.time * 4 * s.units + unit;
    store(d, z, gates, n);
    store(d, r, gates + s.units, n);
    store(d, next, gates + 2 * s.units, n);
    store(d, sums[2], gates + 3 * s.units, n);
    const int64_t at = row * s.stride + unit;
    V h = hn::Load(d, s.before + at);
    if (s.mask == nullptr || s.mask[row * s.time] != 0) {
      h = hn::MulAdd(z, hn::Sub(h, next), next);
    }
    hn::Store(h, d, s.after + at);
    store(d, h, s.states_out + row * s.time * s.units + unit, n);
  }
};

/// A vector of units after the other, so that its weights stay in the first-level cache.
template <class Cell>
void step(const RecurrentStep& s) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  constexpr int kGates = Cell::kGates;
  const float* weights = s.weights;
  for (int64_t unit = 0; unit < s.units; unit += kLanes, weights += s.units * kGates * kLanes) {
    const auto n = static_cast<size_t>(std::min(kLanes, s.units - unit));
    for_row_blocks<most_rows(kGates)>(s.rows, [&](int64_t row, auto height) HWY_ATTR {
      constexpr int kR = decltype(height)::value;
      V sums[kR][kGates];
      Cell::start(s, row, unit, n, sums);
      multiply(s.before + row * s.stride, s.stride, weights, s.units, sums);
      for (int r = 0; r < kR; ++r) Cell::finish(s, row + r, unit, n, sums[r]);
    });
  }
}

/// x (1 − x) y
HWY_INLINE V through_sigmoid(D, V x, V y) { return hn::Mul(hn::NegMulAdd(x, x, x), y); }
/// (1 − x²) y
HWY_INLINE V through_tanh(D, V x, V y) { return hn::NegMulAdd(hn::Mul(x, x), y, y); }

struct LstmGradient {
  static constexpr int kGates = 4;

  static HWY_INLINE void differentiate(const RecurrentGradientStep& s, int64_t row, int64_t unit,
                                       size_t n) {
    const D d;
    const int64_t at = row * s.stride + unit, place = row * s.time * s.units + unit;
    const float* gates = s.gates + row * s.time * kGates * s.units + unit;
    float* out = s.out + row * s.time * kGates * s.units + unit;
    V dh = hn::Add(hn::Load(d, s.state_carry + at), load(d, s.grad + place, n));
    V dc = hn::Load(d, s.cell_carry + at);
    if (s.cell_grad != nullptr) dc = hn::Add(dc, load(d, s.cell_grad + place, n));
    V grads[kGates] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    if (s.mask == nullptr || s.mask[row * s.time] != 0) {
      const V i = load(d, gates, n), f = load(d, gates + s.units, n);
      const V g = load(d, gates + 2 * s.units, n), o = load(d, gates + 3 * s.units, n);
      const V before = load(d, s.before + row * s.before_row + unit, n);
      const V t = tanh(d, load(d, s.states + place, n));
      dc = hn::Add(dc, through_tanh(d, t, hn::Mul(dh, o)));
      grads[0] = through_sigmoid(d, i, hn::Mul(dc, g));
      grads[1] = through_sigmoid(d, f, hn::Mul(dc, before));
      grads[2] = through_tanh(d, g, hn::Mul(dc, i));
      grads[3] = through_sigmoid(d, o, hn::Mul(dh, t));
      dc = hn::Mul(dc, f);
      dh = hn::Zero(d);
    }
    hn::Store(dh, d, s.state_carry + at);
    hn::Store(dc, d, s.cell_carry + at);
#pragma GCC unroll 4
    for (int g = 0; g < kGates; ++g) {
      store(d, grads[g], out + g * s.units, n);
      fetch(gates + (g - kGates) * s.units);
    }
  }
  static const float* recurrent(const RecurrentGradientStep& s) { return s.out; }
};

struct GruGradient {
  static constexpr int kGates = 3;

  static HWY_INLINE void differentiate(const RecurrentGradientStep& s, int64_t row, int64_t unit,
                                       size_t n) {
    const D d;
    const int64_t at = row * s.stride + unit, place = row * s.time * s.units + unit;
    const float* gates = s.gates + row * s.time * 4 * s.units + unit;
    const int64_t out = row * s.time * kGates * s.units + unit;
    V dh = hn::Add(hn::Load(d, s.state_carry + at), load(d, s.grad + place, n));
    V dz = hn::Zero(d), dr = dz, dn = dz, product = dz;
    if (s.mask == nullptr || s.mask[row * s.time] != 0) {
      const V z = load(d, gates, n), r = load(d, gates + s.units, n);
      const V next = load(d, gates + 2 * s.units, n);
      const V before = load(d, s.before + row * s.before_row + unit, n);
      dn = through_tanh(d, next, hn::NegMulAdd(dh, z, dh));
      dz = through_sigmoid(d, z, hn::Mul(dh, hn::Sub(before, next)));
      dr = through_sigmoid(d, r, hn::Mul(dn, load(d, gates + 3 * s.units, n)));
      product = hn::Mul(dn, r);
      dh = hn::Mul(dh, z);
    }
    hn::Store(dh, d, s.state_carry + at);
    for (float* each : {s.out + out, s.recurrent_out + out}) {
      store(d, dz, each, n);
      store(d, dr, each + s.units, n);
    }
    store(d, dn, s.out + out + 2 * s.units, n);
    store(d, product, s.recurrent_out + out + 2 * s.units, n);
    for (int g = 1; g <= 4; ++g) fetch(gates - g * s.units);
  }
  static const float* recurrent(const RecurrentGradientStep& s) { return s.recurrent_out; }
};

/// carry += gradients of the gates · kernelᵀ, for kV vectors of units.
template <class Gradient, int kV>
void add_carry(const RecurrentGradientStep& s, int64_t unit, const float* weights) {
  const D d;
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(d));
  const int64_t depth = Gradient::kGates * s.units, row_length = s.time * depth;
  for_row_blocks<most_rows(kV)>(s.rows, [&](int64_t row, auto height) HWY_ATTR {
    constexpr int kR = decltype(height)::value;
    V sums[kR][kV];
    float* carry = s.state_carry + row * s.stride + unit;
    for (int r = 0; r < kR; ++r) {
      for (int v = 0; v < kV; ++v) sums[r][v] = hn::Load(d, carry + r * s.stride + v * kLanes);
    }
    multiply(Gradient::recurrent(s) + row * row_length, row_length, weights, depth, sums);
    for (int r = 0; r < kR; ++r) {
      for (int v = 0; v < kV; ++v) hn::Store(sums[r][v], d, carry + r * s.stride + v * kLanes);
    }
  });
}

template <class Gradient>
void gradient_step(const RecurrentGradientStep& s) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  for (int64_t row = 0; row < s.rows; ++row) {
    for (int64_t unit = 0; unit < s.units; unit += kLanes) {
      const auto n = static_cast<size_t>(std::min(kLanes, s.units - unit));
      Gradient::differentiate(s, row, unit, n);
    }
  }
  const float* weights = s.weights;
  for (int64_t unit = 0; unit < s.units;) {
    const int64_t vectors =
        std::min<int64_t>(kGradientVectors, (s.units - unit + kLanes - 1) / kLanes);
    [&]<int... kV>(std::integer_sequence<int, kV...>) {
      ((vectors == kV + 1 ? add_carry<Gradient, kV + 1>(s, unit, weights) : void()), ...);
    }
    (std::make_integer_sequence<int, kGradientVectors>());
    weights += Gradient::kGates * s.units * vectors * kLanes;
    unit += vectors * kLanes;
  }
}

}  // namespace

void fill_recurrent_loops(RecurrentLoops& loops) {
  loops = {.lanes = static_cast<int>(hn::Lanes(D())),
           .lstm = step<LstmCell>,
           .gru = step<GruCell>,
           .lstm_backward = gradient_step<LstmGradient>,
           .gru_backward = gradient_step<GruGradient>};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

const RecurrentLoops& recurrent_loops(Isa isa) {
  static const auto all = [] {
    std::array<RecurrentLoops, 3> loops;
    for (RecurrentLoops& each : loops) HWY_STATIC_DISPATCH(fill_recurrent_loops)(each);
#if HWY_TARGETS & HWY_AVX2
    // Even what fills a table may use the instructions that it is for.
    if (cpu_isa() >= Isa::avx2) N_AVX2::fill_recurrent_loops(loops[static_cast<size_t>(Isa::avx2)]);
#endif
#if HWY_TARGETS & HWY_AVX3
    if (cpu_isa() >= Isa::avx512)
      N_AVX3::fill_recurrent_loops(loops[static_cast<size_t>(Isa::avx512)]);
#endif
    return loops;
  }();
  return all[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
