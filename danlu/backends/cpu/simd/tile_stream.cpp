#include "danlu/backends/cpu/simd/tile_stream.h"

namespace danlu::cpu::simd {

TileStream::TileStream(const TileProgram& program, Isa isa, int64_t elements)
    : plan_(program, isa, TileCode::generated, elements), moving_(plan_.direct_in) {
  for (const TilePlan::Store& store : plan_.direct_out) moving_.push_back(store.reg);
}

bool TileStream::may_alias(int output, int input) const {
  return plan_
      .alias[static_cast<uint32_t>(output) * plan_.num_inputs + static_cast<uint32_t>(input)];
}

size_t TileStream::scratch_bytes() const {
  return plan_.pointer_bytes() + plan_.uniform_registers.size() * kUniform * sizeof(float);
}

void TileStream::begin(const void* const* inputs, void* const* outputs, std::byte* scratch) const {
  auto** regs = reinterpret_cast<float**>(scratch);
  plan_.place_uniform(inputs, reinterpret_cast<float*>(scratch + plan_.pointer_bytes()), regs);
  plan_.place_streams(inputs, outputs, 0, regs);
}

void TileStream::advance(std::byte* scratch, size_t n) const {
  auto** regs = reinterpret_cast<float**>(scratch);
  plan_.stages[0].code[0](regs, n);
  for (const uint32_t reg : moving_) regs[reg] += n;
}

}  // namespace danlu::cpu::simd
