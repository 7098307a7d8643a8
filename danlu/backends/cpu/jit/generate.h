#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "danlu/backends/cpu/jit/code_memory.h"
#include "danlu/backends/cpu/jit/segment.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::jit {

/// Functions in machine code, one per segment, and the memory they lie in.
class SegmentCode {
 public:
  SegmentCode() = default;
  /// Empty when the system refuses the memory. `isa` is avx2 or avx512.
  SegmentCode(std::span<const Segment> segments, Isa isa);

  bool empty() const { return memory_.empty(); }
  SegmentFunction function(size_t segment) const;

 private:
  std::vector<size_t> offsets_;
  CodeMemory memory_;
};

/// Why nothing can be generated for plans of `isa`, or "".
std::string code_refusal(Isa isa);

}  // namespace danlu::cpu::jit
