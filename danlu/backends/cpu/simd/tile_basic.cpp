// The loops of tile programs that take a few instructions per vector, and the reductions.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/tile_basic.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/tile_loops-inl.h"
#include "danlu/backends/cpu/simd/tile_table.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using M = hn::Mask<D>;

HWY_INLINE V zero_or_one(D d, M mask) { return hn::IfThenElseZero(mask, hn::Set(d, 1.0f)); }
// Highway's Ne is false for NaN, which C++ holds to be true and unequal to everything.
HWY_INLINE M truth(D d, V x) { return hn::Not(hn::Eq(x, hn::Zero(d))); }

#define DANLU_UNARY(NAME, EXPRESSION)                                           \
  struct NAME##_op {                                                            \
    static constexpr int kArity = 1;                                            \
    static HWY_INLINE V apply([[maybe_unused]] D d, V x) { return EXPRESSION; } \
  }
#define DANLU_BINARY(NAME, EXPRESSION)                                               \
  struct NAME##_op {                                                                 \
    static constexpr int kArity = 2;                                                 \
    static HWY_INLINE V apply([[maybe_unused]] D d, V x, V y) { return EXPRESSION; } \
  }
#define DANLU_TERNARY(NAME, EXPRESSION)                                                   \
  struct NAME##_op {                                                                      \
    static constexpr int kArity = 3;                                                      \
    static HWY_INLINE V apply([[maybe_unused]] D d, V x, V y, V z) { return EXPRESSION; } \
  }

HWY_INLINE V round_to_bfloat16(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto word = hn::BitCast(du, x);
  const auto odd = hn::And(hn::ShiftRight<16>(word), hn::Set(du, 1));
  const auto up = hn::Add(word, hn::Add(odd, hn::Set(du, 0x7fff)));
  const V rounded = hn::BitCast(d, hn::And(up, hn::Set(du, 0xffff0000)));
  return hn::IfThenElse(hn::IsNaN(x), x, rounded);
}

DANLU_UNARY(copy, x);
DANLU_UNARY(neg, hn::Neg(x));
DANLU_UNARY(abs, hn::Abs(x));
DANLU_UNARY(sign, hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Set(d, 1.0f),
                                 hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, -1.0f), x)));
DANLU_UNARY(sqrt, hn::Sqrt(x));
DANLU_UNARY(rsqrt, hn::Div(hn::Set(d, 1.0f), hn::Sqrt(x)));
DANLU_UNARY(relu, hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x));
DANLU_UNARY(floor, hn::Floor(x));
DANLU_UNARY(ceil, hn::Ceil(x));
DANLU_UNARY(round, round(d, x));
DANLU_UNARY(round_bfloat16, round_to_bfloat16(d, x));
DANLU_UNARY(is_nan, zero_or_one(d, hn::IsNaN(x)));
DANLU_UNARY(logical_not, zero_or_one(d, hn::Eq(x, hn::Zero(d))));
DANLU_UNARY(square, hn::Mul(x, x));
DANLU_UNARY(reciprocal, hn::Div(hn::Set(d, 1.0f), x));
DANLU_BINARY(add, hn::Add(x, y));
DANLU_BINARY(sub, hn::Sub(x, y));
DANLU_BINARY(mul, hn::Mul(x, y));
DANLU_BINARY(div, hn::Div(x, y));
// NaN of either operand propagates: the comparison is false when y is NaN.
DANLU_BINARY(maximum, hn::IfThenElse(hn::Or(hn::Gt(x, y), hn::IsNaN(x)), x, y));
DANLU_BINARY(minimum, hn::IfThenElse(hn::Or(hn::Lt(x, y), hn::IsNaN(x)), x, y));
DANLU_BINARY(equal, zero_or_one(d, hn::Eq(x, y)));
DANLU_BINARY(not_equal, zero_or_one(d, hn::Not(hn::Eq(x, y))));
DANLU_BINARY(less, zero_or_one(d, hn::Lt(x, y)));
DANLU_BINARY(less_equal, zero_or_one(d, hn::Le(x, y)));
DANLU_BINARY(greater, zero_or_one(d, hn::Gt(x, y)));
DANLU_BINARY(greater_equal, zero_or_one(d, hn::Ge(x, y)));
DANLU_BINARY(logical_and, zero_or_one(d, hn::And(truth(d, x), truth(d, y))));
DANLU_BINARY(logical_or, zero_or_one(d, hn::Or(truth(d, x), truth(d, y))));
DANLU_TERNARY(select, hn::IfThenElse(truth(d, x), y, z));
DANLU_TERNARY(fma, hn::MulAdd(x, y, z));
#undef DANLU_UNARY
#undef DANLU_BINARY
#undef DANLU_TERNARY

double sum(const float* x, size_t n) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = hn::Add(s0, hn::LoadU(d, x + i));
    s1 = hn::Add(s1, hn::LoadU(d, x + i + lanes));
    s2 = hn::Add(s2, hn::LoadU(d, x + i + 2 * lanes));
    s3 = hn::Add(s3, hn::LoadU(d, x + i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) s0 = hn::Add(s0, hn::LoadU(d, x + i));
  if (i < n) s1 = hn::Add(s1, load_some(d, x + i, n - i));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

/// acc[j .. j + count) += Σ_r x[r·inner + j ..] for one vector of columns.
template <class Load>
HWY_INLINE V sum_column_vector(D d, const float* x, size_t rows, size_t inner, Load load) {
  V s0 = hn::Zero(d), s1 = s0;
  size_t r = 0;
  for (; r + 2 <= rows; r += 2, x += 2 * inner) {
    s0 = hn::Add(s0, load(x));
    s1 = hn::Add(s1, load(x + inner));
  }
  if (r < rows) s0 = hn::Add(s0, load(x));
  return hn::Add(s0, s1);
}

/// Four vectors of columns next to each other, so that four lines of a row are read one after
/// another.
HWY_INLINE void sum_column_block(D d, const float* x, size_t rows, size_t inner, V* sums) {
  const size_t lanes = hn::Lanes(d);
  V a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  size_t r = 0;
  for (; r + 2 <= rows; r += 2, x += 2 * inner) {
    a0 = hn::Add(a0, hn::LoadU(d, x));
    a1 = hn::Add(a1, hn::LoadU(d, x + lanes));
    a2 = hn::Add(a2, hn::LoadU(d, x + 2 * lanes));
    a3 = hn::Add(a3, hn::LoadU(d, x + 3 * lanes));
    const float* next = x + inner;
    b0 = hn::Add(b0, hn::LoadU(d, next));
    b1 = hn::Add(b1, hn::LoadU(d, next + lanes));
    b2 = hn::Add(b2, hn::LoadU(d, next + 2 * lanes));
    b3 = hn::Add(b3, hn::LoadU(d, next + 3 * lanes));
  }
  if (r < rows) {
    a0 = hn::Add(a0, hn::LoadU(d, x));
    a1 = hn::Add(a1, hn::LoadU(d, x + lanes));
    a2 = hn::Add(a2, hn::LoadU(d, x + 2 * lanes));
    a3 = hn::Add(a3, hn::LoadU(d, x + 3 * lanes));
  }
  sums[0] = hn::Add(a0, b0);
  sums[1] = hn::Add(a1, b1);
  sums[2] = hn::Add(a2, b2);
  sums[3] = hn::Add(a3, b3);
}

/// acc[i] += v[i] for the first `count` lanes.
HWY_INLINE void add_to(double* acc, D d, V v, size_t count) {
#if HWY_TARGET != HWY_SCALAR
  if (count == hn::Lanes(d)) {
    const hn::Repartition<double, D> dd;
    const hn::Half<D> dh;
    const auto low = hn::PromoteTo(dd, hn::LowerHalf(dh, v));
    const auto high = hn::PromoteTo(dd, hn::UpperHalf(dh, v));
    hn::StoreU(hn::Add(hn::LoadU(dd, acc), low), dd, acc);
    acc += hn::Lanes(dd);
    hn::StoreU(hn::Add(hn::LoadU(dd, acc), high), dd, acc);
    return;
  }
#endif
  float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::StoreU(v, d, lanes);
  for (size_t i = 0; i < count; ++i) acc[i] += lanes[i];
}

void sum_rows(const float* x, size_t rows, size_t inner, double* acc) {
  if (inner == 1) {
    acc[0] += sum(x, rows);
    return;
  }
  const D d;
  const size_t lanes = hn::Lanes(d);
  size_t j = 0;
  for (; j + 4 * lanes <= inner; j += 4 * lanes) {
    V sums[4];
    sum_column_block(d, x + j, rows, inner, sums);
    for (size_t k = 0; k < 4; ++k) add_to(acc + j + k * lanes, d, sums[k], lanes);
  }
  for (; j + lanes <= inner; j += lanes) {
    const V s = sum_column_vector(d, x + j, rows, inner,
                                  [d](const float* p) HWY_ATTR { return hn::LoadU(d, p); });
    add_to(acc + j, d, s, lanes);
  }
  if (j < inner) {
    const size_t rest = inner - j;
    const V s = sum_column_vector(d, x + j, rows, inner, [d, rest](const float* p) HWY_ATTR {
      return load_some(d, p, rest);
    });
    add_to(acc + j, d, s, rest);
  }
}

float max(const float* x, size_t n) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V m = hn::Set(d, -kInf);
  M nan = hn::IsNaN(m);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V v = hn::LoadU(d, x + i);
    nan = hn::Or(nan, hn::IsNaN(v));
    m = hn::Max(m, v);
  }
  if (i < n) {
    const V v = hn::IfThenElse(hn::FirstN(d, n - i), load_some(d, x + i, n - i), m);
    nan = hn::Or(nan, hn::IsNaN(v));
    m = hn::Max(m, v);
  }
  return hn::AllFalse(d, nan) ? hn::GetLane(hn::MaxOfLanes(d, m)) : kNan;
}

}  // namespace

void basic_loops(TileTable& table) {
  const auto set = [&](TileOp op, TileTable::Loop loop) {
    table.loops[static_cast<size_t>(op)] = loop;
  };
  set(TileOp::copy, short_loop<copy_op>);
  set(TileOp::neg, short_loop<neg_op>);
  set(TileOp::abs, short_loop<abs_op>);
  set(TileOp::sign, short_loop<sign_op>);
  set(TileOp::sqrt, short_loop<sqrt_op>);
  set(TileOp::rsqrt, short_loop<rsqrt_op>);
  set(TileOp::relu, short_loop<relu_op>);
  set(TileOp::floor, short_loop<floor_op>);
  set(TileOp::ceil, short_loop<ceil_op>);
  set(TileOp::round, short_loop<round_op>);
  set(TileOp::round_bfloat16, short_loop<round_bfloat16_op>);
  set(TileOp::is_nan, short_loop<is_nan_op>);
  set(TileOp::logical_not, short_loop<logical_not_op>);
  set(TileOp::square, short_loop<square_op>);
  set(TileOp::reciprocal, short_loop<reciprocal_op>);
  set(TileOp::add, short_loop<add_op>);
  set(TileOp::sub, short_loop<sub_op>);
  set(TileOp::mul, short_loop<mul_op>);
  set(TileOp::div, short_loop<div_op>);
  set(TileOp::maximum, short_loop<maximum_op>);
  set(TileOp::minimum, short_loop<minimum_op>);
  set(TileOp::equal, short_loop<equal_op>);
  set(TileOp::not_equal, short_loop<not_equal_op>);
  set(TileOp::less, short_loop<less_op>);
  set(TileOp::less_equal, short_loop<less_equal_op>);
  set(TileOp::greater, short_loop<greater_op>);
  set(TileOp::greater_equal, short_loop<greater_equal_op>);
  set(TileOp::logical_and, short_loop<logical_and_op>);
  set(TileOp::logical_or, short_loop<logical_or_op>);
  set(TileOp::select, short_loop<select_op>);
  set(TileOp::fma, short_loop<fma_op>);
  table.sum = sum;
  table.sum_rows = sum_rows;
  table.max = max;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

void add_basic_loops(Isa isa, TileTable& table) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::basic_loops(table);
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::basic_loops(table);
#endif
  (void)isa;
  HWY_STATIC_DISPATCH(basic_loops)(table);
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
