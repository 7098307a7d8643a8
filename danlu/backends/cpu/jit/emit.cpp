#include "danlu/backends/cpu/jit/emit.h"

#include <array>

#include "danlu/backends/cpu/jit/segment.h"

namespace danlu::cpu::jit {
namespace {

using Emit = void (*)(Assembler& s, const Operands& v);
using Constant = Assembler::Constant;

template <Predicate kPredicate>
void comparison(Assembler& s, const Operands& v) {
  s.compare(0, v.a, v.b, kPredicate);
  s.one_where(v.to, 0);
}

template <Rounding kMode>
void rounding(Assembler& s, const Operands& v) {
  s.round(v.to, v.a, kMode);
}

void copy(Assembler& s, const Operands& v) {
  if (v.to.getIdx() != v.a.getIdx()) s.vmovaps(v.to, v.a);
}

void sign(Assembler& s, const Operands& v) {
  s.compare_zero(0, v.a, Predicate::greater);
  s.compare_zero(1, v.a, Predicate::less);
  s.blend(v.to, 0, s.constant(Constant::one), v.a);
  s.blend(v.to, 1, s.constant(Constant::minus_one), v.to);
}

/// vmaxps gives its second operand where either is NaN or both are zeros: NaN and −0 stay.
void relu(Assembler& s, const Operands& v) {
  const auto zero = s.temporary(0);
  s.vxorps(zero, zero, zero);
  s.vmaxps(v.to, zero, v.a);
}

void round_bfloat16(Assembler& s, const Operands& v) {
  const auto word = s.temporary(1);
  s.vpsrld(word, v.a, 16);
  s.vandps(word, word, s.constant(Constant::lowest_bit));
  s.vpaddd(word, word, s.constant(Constant::below_half));
  s.vpaddd(word, word, v.a);
  s.vandps(word, word, s.constant(Constant::upper_half));
  s.compare(0, v.a, v.a, Predicate::unordered);
  s.blend(v.to, 0, v.a, word);
}

void reciprocal(Assembler& s, const Operands& v) {
  s.load_constant(s.temporary(0), Constant::one);
  s.vdivps(v.to, s.temporary(0), v.a);
}

void rsqrt(Assembler& s, const Operands& v) {
  s.vsqrtps(s.temporary(1), v.a);
  s.load_constant(s.temporary(0), Constant::one);
  s.vdivps(v.to, s.temporary(0), s.temporary(1));
}

/// vmaxps and vminps give b where either operand is NaN, so only a NaN of a is to be put back.
template <bool kMaximum>
void extremum(Assembler& s, const Operands& v) {
  s.compare(0, v.a, v.a, Predicate::unordered);
  if (kMaximum) {
    s.vmaxps(s.temporary(1), v.a, v.b);
  } else {
    s.vminps(s.temporary(1), v.a, v.b);
  }
  s.blend(v.to, 0, v.a, s.temporary(1));
}

template <bool kAnd>
void logic(Assembler& s, const Operands& v) {
  s.compare_zero(0, v.a, Predicate::not_equal);
  s.compare_zero(1, v.b, Predicate::not_equal);
  kAnd ? s.truth_and() : s.truth_or();
  s.one_where(v.to, 0);
}

void fma(Assembler& s, const Operands& v) {
  const int to = v.to.getIdx();
  if (to == v.a.getIdx()) {
    s.vfmadd213ps(v.to, v.b, v.c);
  } else if (to == v.b.getIdx()) {
    s.vfmadd213ps(v.to, v.a, v.c);
  } else {
    if (to != v.c.getIdx()) s.vmovaps(v.to, v.c);
    s.vfmadd231ps(v.to, v.a, v.b);
  }
}

constexpr std::array<Emit, kNumTileOps> kTable = [] {
  std::array<Emit, kNumTileOps> table{};
  const auto set = [&](TileOp op, Emit emit) { table[static_cast<size_t>(op)] = emit; };
  using V = const Operands&;
  using S = Assembler&;
  set(TileOp::copy, copy);
  set(TileOp::neg, [](S s, V v) { s.vxorps(v.to, v.a, s.constant(Constant::sign_bit)); });
  set(TileOp::abs, [](S s, V v) { s.vandps(v.to, v.a, s.constant(Constant::all_but_sign)); });
  set(TileOp::sign, sign);
  set(TileOp::sqrt, [](S s, V v) { s.vsqrtps(v.to, v.a); });
  set(TileOp::rsqrt, rsqrt);
  set(TileOp::relu, relu);
  set(TileOp::floor, rounding<Rounding::down>);
  set(TileOp::ceil, rounding<Rounding::up>);
  set(TileOp::round, rounding<Rounding::nearest_even>);
  set(TileOp::round_bfloat16, round_bfloat16);
  set(TileOp::is_nan, [](S s, V v) {
    s.compare(0, v.a, v.a, Predicate::unordered);
    s.one_where(v.to, 0);
  });
  set(TileOp::logical_not, [](S s, V v) {
    s.compare_zero(0, v.a, Predicate::equal);
    s.one_where(v.to, 0);
  });
  set(TileOp::square, [](S s, V v) { s.vmulps(v.to, v.a, v.a); });
  set(TileOp::reciprocal, reciprocal);
  set(TileOp::add, [](S s, V v) { s.vaddps(v.to, v.a, v.b); });
  set(TileOp::sub, [](S s, V v) { s.vsubps(v.to, v.a, v.b); });
  set(TileOp::mul, [](S s, V v) { s.vmulps(v.to, v.a, v.b); });
  set(TileOp::div, [](S s, V v) { s.vdivps(v.to, v.a, v.b); });
  set(TileOp::maximum, extremum<true>);
  set(TileOp::minimum, extremum<false>);
  set(TileOp::equal, comparison<Predicate::equal>);
  set(TileOp::not_equal, comparison<Predicate::not_equal>);
  set(TileOp::less, comparison<Predicate::less>);
  set(TileOp::less_equal, comparison<Predicate::less_equal>);
  set(TileOp::greater, comparison<Predicate::greater>);
  set(TileOp::greater_equal, comparison<Predicate::greater_equal>);
  set(TileOp::logical_and, logic<true>);
  set(TileOp::logical_or, logic<false>);
  set(TileOp::select, [](S s, V v) {
    s.compare_zero(0, v.a, Predicate::not_equal);
    s.blend(v.to, 0, v.b, v.c);
  });
  set(TileOp::fma, fma);
  return table;
}();

}  // namespace

bool can_generate(TileOp op) { return kTable[static_cast<size_t>(op)] != nullptr; }

void emit(Assembler& assembler, TileOp op, const Operands& operands) {
  kTable[static_cast<size_t>(op)](assembler, operands);
}

}  // namespace danlu::cpu::jit
