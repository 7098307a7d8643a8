#pragma once

#include <xbyak/xbyak.h>

#include <array>
#include <cstdint>
#include <span>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::jit {

/// Predicates of vcmpps that raise nothing.
enum class Predicate : uint8_t {
  equal = 0,
  unordered = 3,
  not_equal = 4,  ///< true for NaN
  less = 17,
  less_equal = 18,
  greater_equal = 29,
  greater = 30,
};

/// Modes of vroundps and vrndscaleps that raise nothing.
enum class Rounding : uint8_t { nearest_even = 8, down = 9, up = 10 };

/// Xbyak with one vocabulary for AVX2 and AVX-512: vectors of the widest kind, truth values that
/// are mask registers or vectors, repeated constants as operands in memory.
class Assembler : public Xbyak::CodeGenerator {
 public:
  using Vector = Xbyak::Xmm;
  enum class Constant : uint8_t {
    zero,
    one,
    minus_one,
    sign_bit,
    all_but_sign,
    lowest_bit,
    below_half,  ///< of what bfloat16 cuts off
    upper_half,
    quiet_bit,  ///< of NaN in bfloat16
  };

  /// Writes into `memory`; Xbyak::Error when that is too small.
  Assembler(Isa isa, std::span<uint8_t> memory);

  int vector_bytes() const { return wide_ ? 64 : 32; }
  /// Vectors that hold values; the remaining ones are temporaries.
  int num_vectors() const { return wide_ ? 30 : 13; }
  Vector vector(int i) const { return wide_ ? Vector(Xbyak::Zmm(i)) : Vector(Xbyak::Ymm(i)); }
  Vector temporary(int k) const { return vector(num_vectors() + k); }

  Xbyak::Address constant(Constant value);
  void load_constant(const Vector& to, Constant value);
  /// Writes the constants that were used behind the code.
  void place_constants();

  // Truth values 0 and 1; in AVX2 they are the temporaries of the same number.
  void compare(int truth, const Vector& a, const Xbyak::Operand& b, Predicate predicate);
  void compare_zero(int truth, const Vector& a, Predicate predicate) {
    compare(truth, a, constant(Constant::zero), predicate);
  }
  void truth_and();  ///< truth 0 = truth 0 and truth 1
  void truth_or();
  /// to = truth ? 1 : 0
  void one_where(const Vector& to, int truth);
  /// to = truth ? yes : no
  void blend(const Vector& to, int truth, const Xbyak::Operand& yes, const Vector& no);
  void round(const Vector& to, const Vector& x, Rounding mode);

  /// Prepares load_some and store_some, of float32 and of bfloat16, for the first `elements`, which
  /// it changes like `scratch`.
  void set_tail(const Xbyak::Reg64& elements, const Xbyak::Reg64& scratch);
  void load_some(const Vector& to, const Xbyak::Address& from);
  void store_some(const Xbyak::Address& to, const Vector& from);

  // Memory of bfloat16, in AVX-512 only. A store changes both temporaries and truth value 0.
  void load_half(const Vector& to, const Xbyak::Address& from);
  void load_some_half(const Vector& to, const Xbyak::Address& from);
  void store_half(const Xbyak::Address& to, const Vector& from);
  void store_some_half(const Xbyak::Address& to, const Vector& from);

 private:
  static constexpr size_t kConstants = 9;
  Xbyak::Opmask mask(int truth) const { return Xbyak::Opmask(2 + truth); }
  Xbyak::Label& label(Constant value);
  /// The numbers as bfloat16 in the lower halves of temporary 1.
  Xbyak::Zmm rounded_to_half(const Vector& from);

  bool wide_;
  std::array<Xbyak::Label, kConstants> constants_;
  std::array<bool, kConstants> used_{};
  Xbyak::Label tail_masks_;
  bool has_tail_masks_ = false;
};

}  // namespace danlu::cpu::jit
