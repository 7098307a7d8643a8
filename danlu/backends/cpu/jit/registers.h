#pragma once

#include <cstdint>
#include <vector>

#include "danlu/backends/cpu/jit/segment.h"

namespace danlu::cpu::jit {

/// Something the loop's body does. Vectors are numbers of vector registers.
struct Action {
  enum class Kind : uint8_t {
    load,     ///< vector = memory of register `place`
    store,    ///< memory of register `place` = vector
    spill,    ///< stack slot `place` = vector
    reload,   ///< vector = stack slot `place`
    compute,  ///< vector = op(a, b, c); `vector` may be one of them
  };
  Kind kind;
  TileOp op = TileOp::copy;
  uint8_t vector = 0, a = 0, b = 0, c = 0;
  uint32_t place = 0;
};

struct Allocation {
  struct Hoisted {
    uint32_t reg;
    uint8_t vector;
  };
  std::vector<Hoisted> hoisted;  ///< uniform registers that stay in a vector throughout the loop
  std::vector<Action> body;
  uint32_t stack_slots = 0;
};

/// The least number of vectors that `allocate` can do with.
inline constexpr int kMinVectors = 4;

/// Keeps the values of `segment` in `vectors` vector registers. Stores stand in the order of their
/// steps. When vectors run out, the value that is wanted last goes: back to memory it already has,
/// or else to the stack.
Allocation allocate(const Segment& segment, int vectors);

}  // namespace danlu::cpu::jit
