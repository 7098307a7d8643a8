#include "danlu/backends/cpu/jit/generate.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "danlu/backends/cpu/jit/assembler.h"
#include "danlu/backends/cpu/jit/emit.h"
#include "danlu/backends/cpu/jit/registers.h"

namespace danlu::cpu::jit {
namespace {

using Kind = Action::Kind;
using Xbyak::Address;
using Xbyak::Reg64;

/// One function: void(float* const* registers, size_t n), as the System V ABI has it.
class FunctionWriter {
 public:
  FunctionWriter(Assembler& assembler, const Segment& segment)
      : s_(assembler),
        segment_(segment),
        allocation_(allocate(segment, assembler.num_vectors())),
        lanes_(assembler.vector_bytes() / 4) {}

  void write() {
    choose_pointers();
    enter();
    for (const Allocation::Hoisted& hoisted : allocation_.hoisted) {
      s_.vmovups(s_.vector(hoisted.vector), uniform(hoisted.reg));
    }
    write_loops();
    leave();
  }

 private:
  /// Registers that the body walks over get a pointer while there are some; that of any other is
  /// fetched each time.
  void choose_pointers() {
    for (const Action& action : allocation_.body) {
      if (action.kind != Kind::load && action.kind != Kind::store) continue;
      if (segment_.uniform[action.place] || pointer_of(action.place)) continue;
      if (walked_.size() < kPointers.size()) walked_.push_back(action.place);
    }
  }
  std::optional<Reg64> pointer_of(uint32_t reg) const {
    const auto at = std::find(walked_.begin(), walked_.end(), reg);
    if (at == walked_.end()) return std::nullopt;
    return Reg64(kPointers[static_cast<size_t>(at - walked_.begin())]);
  }

  void enter() {
    for (size_t i = kVolatile; i < walked_.size(); ++i) s_.push(Reg64(kPointers[i]));
    if (allocation_.stack_slots > 0) {
      s_.push(s_.rbp);
      s_.mov(s_.rbp, s_.rsp);
      s_.sub(s_.rsp, static_cast<uint32_t>(s_.vector_bytes()) * allocation_.stack_slots);
      s_.and_(s_.rsp, -s_.vector_bytes());
    }
    for (const uint32_t reg : walked_) s_.mov(*pointer_of(reg), memory_of(reg));
  }
  void leave() {
    s_.vzeroupper();
    if (allocation_.stack_slots > 0) {
      s_.mov(s_.rsp, s_.rbp);
      s_.pop(s_.rbp);
    }
    for (size_t i = walked_.size(); i > kVolatile; --i) s_.pop(Reg64(kPointers[i - 1]));
    s_.ret();
  }

  /// Lines that are to be written are asked for as such at once: where another core has a copy,
  /// that saves a second request.
  void fetch_ahead(int offset) {
    for (const bool written : {true, false}) {
      for (const uint32_t reg : walked_) {
        if (segment_.distant.empty() || !segment_.distant[reg] || is_stored(reg) != written)
          continue;
        if (offset % elements_of_line(reg) != 0) continue;
        const Address line = element(reg, offset + kAhead);
        written ? s_.prefetchw(line) : s_.prefetcht0(line);
      }
    }
  }
  bool is_stored(uint32_t reg) const {
    return std::any_of(segment_.steps.begin(), segment_.steps.end(),
                       [&](const SegmentStep& step) { return step.stored && step.out == reg; });
  }

  /// Short bodies several times a turn, then one by one, then what is less than a vector.
  void write_loops() {
    const Reg64 &index = s_.rax, &end = s_.rsi;
    const int turns = allocation_.body.size() <= 8 ? 4 : allocation_.body.size() <= 20 ? 2 : 1;
    s_.xor_(index.cvt32(), index.cvt32());
    for (const int count : {turns, 1}) {
      Xbyak::Label again, done;
      s_.sub(end, count * lanes_);
      s_.cmp(index, end);
      s_.jg(done, Xbyak::CodeGenerator::T_NEAR);
      s_.align(32);
      s_.L(again);
      for (int turn = 0; turn < count; ++turn) {
        if (count == turns) fetch_ahead(turn * lanes_);
        write_body(turn * lanes_, false);
      }
      s_.add(index, count * lanes_);
      s_.cmp(index, end);
      s_.jle(again, Xbyak::CodeGenerator::T_NEAR);
      s_.L(done);
      s_.add(end, count * lanes_);
      if (turns == 1) break;
    }
    Xbyak::Label whole;
    s_.sub(end, index);
    s_.jz(whole, Xbyak::CodeGenerator::T_NEAR);
    s_.set_tail(end, scratch());
    write_body(0, true);
    s_.L(whole);
  }

  void write_body(int offset, bool some) {
    for (const Action& action : allocation_.body) {
      const auto vector = s_.vector(action.vector);
      switch (action.kind) {
        case Kind::load:
          load(vector, action.place, offset, some);
          break;
        case Kind::store:
          store(vector, action.place, offset, some);
          break;
        case Kind::spill:
          s_.vmovaps(slot(action.place), vector);
          break;
        case Kind::reload:
          s_.vmovaps(vector, slot(action.place));
          break;
        case Kind::compute:
          emit(s_, action.op,
               {vector, s_.vector(action.a), s_.vector(action.b), s_.vector(action.c)});
          break;
      }
    }
  }

  void load(const Assembler::Vector& vector, uint32_t reg, int offset, bool some) {
    if (segment_.uniform[reg]) {
      s_.vmovups(vector, uniform(reg));
      return;
    }
    const Address from = element(reg, offset);
    if (segment_.is_half(reg)) {
      some ? s_.load_some_half(vector, from) : s_.load_half(vector, from);
    } else {
      some ? s_.load_some(vector, from) : s_.vmovups(vector, from);
    }
  }

  void store(const Assembler::Vector& vector, uint32_t reg, int offset, bool some) {
    const Address to = element(reg, offset);
    if (segment_.is_half(reg)) {
      some ? s_.store_some_half(to, vector) : s_.store_half(to, vector);
    } else {
      some ? s_.store_some(to, vector) : s_.vmovups(to, vector);
    }
  }

  Reg64 scratch() const { return s_.rcx; }
  Address memory_of(uint32_t reg) const { return s_.ptr[s_.rdi + reg * sizeof(float*)]; }
  Address slot(uint32_t i) const {
    return s_.ptr[s_.rsp + i * static_cast<uint32_t>(s_.vector_bytes())];
  }
  Address uniform(uint32_t reg) {
    s_.mov(scratch(), memory_of(reg));
    return s_.ptr[scratch()];
  }
  int element_size(uint32_t reg) const { return segment_.is_half(reg) ? 2 : 4; }
  int elements_of_line(uint32_t reg) const { return kLine / element_size(reg); }
  /// Element `offset` behind the index.
  Address element(uint32_t reg, int offset) {
    const int size = element_size(reg);
    if (const auto pointer = pointer_of(reg)) {
      return s_.ptr[*pointer + s_.rax * size + offset * size];
    }
    s_.mov(scratch(), memory_of(reg));
    return s_.ptr[scratch() + s_.rax * size + offset * size];
  }

  /// rdx, r8 … r11 are free; rbx, r12 … r15 belong to the caller.
  static constexpr std::array<int, 10> kPointers = {2, 8, 9, 10, 11, 3, 12, 13, 14, 15};
  static constexpr size_t kVolatile = 5;
  static constexpr int kLine = 64;
  static constexpr int kAhead = 512;  ///< elements; half as many do as well, twice as many do worse

  Assembler& s_;
  const Segment& segment_;
  const Allocation allocation_;
  const int lanes_;  ///< elements of a vector
  std::vector<uint32_t> walked_;
};

/// More than any code for `segments` takes: an instruction has at most 11 bytes, a step at most
/// seven, three loads with their addresses, a store of at most eight and a spill, in at most six
/// bodies.
size_t bound(std::span<const Segment> segments) {
  size_t bytes = 4096;
  for (const Segment& segment : segments) bytes += 1024 + 1800 * segment.steps.size();
  return bytes;
}

}  // namespace

SegmentCode::SegmentCode(std::span<const Segment> segments, Isa isa) {
  const size_t size = bound(segments);
  const auto bytes = std::make_unique_for_overwrite<uint8_t[]>(size);
  Assembler assembler(isa, {bytes.get(), size});
  for (const Segment& segment : segments) {
    assembler.align(32);
    offsets_.push_back(assembler.getSize());
    FunctionWriter(assembler, segment).write();
  }
  assembler.place_constants();
  memory_ = CodeMemory(std::span<const uint8_t>(bytes.get(), assembler.getSize()));
}

SegmentFunction SegmentCode::function(size_t segment) const {
  return std::bit_cast<SegmentFunction>(memory_.data() + offsets_[segment]);
}

bool can_convert(Isa isa) { return isa == Isa::avx512; }

std::string code_refusal(Isa isa) {
  if (isa < Isa::avx2) return "code is generated for AVX2 and AVX-512";
  return code_memory_refusal();
}

}  // namespace danlu::cpu::jit
