#include "danlu/backends/cpu/jit/assembler.h"

namespace danlu::cpu::jit {
namespace {

constexpr std::array<uint32_t, 9> kBits = {0, 0x3f800000, 0xbf800000, 0x80000000, 0x7fffffff,
                                           1, 0x7fff,     0xffff0000, 0x40};

const Xbyak::Opmask kTailMask(1);
constexpr int kTailVector = 2;  // the last temporary of AVX2
constexpr int kTailLanes = 8;

}  // namespace

Assembler::Assembler(Isa isa, std::span<uint8_t> memory)
    : CodeGenerator(memory.size(), memory.data()), wide_(isa == Isa::avx512) {}

Xbyak::Label& Assembler::label(Constant value) {
  const auto i = static_cast<size_t>(value);
  used_[i] = true;
  return constants_[i];
}

Xbyak::Address Assembler::constant(Constant value) {
  Xbyak::Label& at = label(value);
  return wide_ ? ptr_b[rip + at] : ptr[rip + at];
}

void Assembler::load_constant(const Vector& to, Constant value) {
  vbroadcastss(to, dword[rip + label(value)]);
}

void Assembler::place_constants() {
  align(static_cast<size_t>(vector_bytes()));
  for (size_t i = 0; i < kConstants; ++i) {
    if (!used_[i]) continue;
    L(constants_[i]);
    for (int k = 0; k < (wide_ ? 1 : 8); ++k) dd(kBits[i]);
  }
  if (!has_tail_masks_) return;
  L(tail_masks_);
  for (int k = 0; k < 2 * kTailLanes; ++k) dd(k < kTailLanes ? 0xffffffff : 0);
}

void Assembler::compare(int truth, const Vector& a, const Xbyak::Operand& b, Predicate predicate) {
  if (wide_) {
    vcmpps(mask(truth), a, b, static_cast<uint8_t>(predicate));
  } else {
    vcmpps(temporary(truth), a, b, static_cast<uint8_t>(predicate));
  }
}

void Assembler::truth_and() {
  if (wide_) {
    kandw(mask(0), mask(0), mask(1));
  } else {
    vandps(temporary(0), temporary(0), temporary(1));
  }
}

void Assembler::truth_or() {
  if (wide_) {
    korw(mask(0), mask(0), mask(1));
  } else {
    vorps(temporary(0), temporary(0), temporary(1));
  }
}

void Assembler::one_where(const Vector& to, int truth) {
  if (wide_) {
    vbroadcastss(to | mask(truth) | T_z, dword[rip + label(Constant::one)]);
  } else {
    vandps(to, temporary(truth), constant(Constant::one));
  }
}

void Assembler::blend(const Vector& to, int truth, const Xbyak::Operand& yes, const Vector& no) {
  if (wide_) {
    vblendmps(to | mask(truth), no, yes);
  } else {
    vblendvps(to, no, yes, temporary(truth));
  }
}

void Assembler::round(const Vector& to, const Vector& x, Rounding mode) {
  if (wide_) {
    vrndscaleps(to, x, static_cast<uint8_t>(mode));
  } else {
    vroundps(to, x, static_cast<uint8_t>(mode));
  }
}

void Assembler::set_tail(const Xbyak::Reg64& elements, const Xbyak::Reg64& scratch) {
  if (wide_) {
    mov(scratch.cvt32(), 0xffffffff);
    bzhi(scratch.cvt32(), scratch.cvt32(), elements.cvt32());
    kmovw(kTailMask, scratch.cvt32());
  } else {
    has_tail_masks_ = true;
    lea(scratch, ptr[rip + tail_masks_]);
    shl(elements, 2);
    sub(scratch, elements);
    vmovups(temporary(kTailVector), ptr[scratch + kTailLanes * sizeof(float)]);
  }
}

void Assembler::load_some(const Vector& to, const Xbyak::Address& from) {
  if (wide_) {
    vmovups(to | kTailMask | T_z, from);
  } else {
    vmaskmovps(to, temporary(kTailVector), from);
  }
}

void Assembler::store_some(const Xbyak::Address& to, const Vector& from) {
  if (wide_) {
    vmovups(to | kTailMask, from);
  } else {
    vmaskmovps(to, temporary(kTailVector), from);
  }
}

void Assembler::load_half(const Vector& to, const Xbyak::Address& from) {
  vpmovzxwd(to, from);
  vpslld(to, to, 16);
}

void Assembler::load_some_half(const Vector& to, const Xbyak::Address& from) {
  vpmovzxwd(to | kTailMask | T_z, from);
  vpslld(to, to, 16);
}

Xbyak::Zmm Assembler::rounded_to_half(const Vector& from) {
  const Xbyak::Zmm upper(temporary(0).getIdx()), word(temporary(1).getIdx());
  vpsrld(upper, from, 16);
  vandps(word, upper, constant(Constant::lowest_bit));
  vpaddd(word, word, constant(Constant::below_half));
  vpaddd(word, word, from);
  vpsrld(word, word, 16);
  compare(0, from, from, Predicate::unordered);
  vorps(word | mask(0), upper, constant(Constant::quiet_bit));
  return word;
}

void Assembler::store_half(const Xbyak::Address& to, const Vector& from) {
  vpmovdw(to, rounded_to_half(from));
}

void Assembler::store_some_half(const Xbyak::Address& to, const Vector& from) {
  vpmovdw(to | kTailMask, rounded_to_half(from));
}

}  // namespace danlu::cpu::jit
