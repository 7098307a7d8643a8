#include "danlu/runtime/subprogram.h"

namespace danlu {

Subprogram::Subprogram(std::shared_ptr<const Program> program) : program_(std::move(program)) {
  arena_ = layout_.add(program_->arena_bytes);
  packed_ = layout_.add(program_->packed_bytes);
  versions_ = layout_.add(program_->instructions.size() * sizeof(uint64_t));
  slots_ = layout_.add(program_->slots.size() * sizeof(void*));
  operands_ = layout_.add(count_operands(*program_) * sizeof(void*));
}

Frame Subprogram::bind(std::byte* memory) const {
  const Frame frame{.arena = memory + arena_,
                    .packed = memory + packed_,
                    .packed_versions = reinterpret_cast<uint64_t*>(memory + versions_),
                    .slots = reinterpret_cast<void**>(memory + slots_),
                    .operands = reinterpret_cast<void**>(memory + operands_)};
  bind_frame(*program_, frame);
  return frame;
}

}  // namespace danlu
