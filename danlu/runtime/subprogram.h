#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "danlu/runtime/program.h"

namespace danlu {

/// Lays out pieces of one block of memory, each aligned to 64 bytes.
class Layout {
 public:
  size_t add(size_t bytes) {
    const size_t offset = bytes_;
    bytes_ += (bytes + 63) & ~size_t{63};
    return offset;
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

/// A Program that a kernel runs in its own scratch memory: allocates nothing.
class Subprogram {
 public:
  explicit Subprogram(std::shared_ptr<const Program> program);
  const Program& program() const { return *program_; }
  std::shared_ptr<const Program> shared_program() const { return program_; }

  /// Bytes of a frame.
  size_t bytes() const { return layout_.bytes(); }
  /// A frame in `memory`, ready for any number of runs.
  Frame bind(std::byte* memory) const;
  void run(const Frame& frame, const void* const* inputs, void* const* outputs,
           std::span<const uint64_t> versions, Status& status) const {
    run_frame(*program_, frame, inputs, outputs, versions, status);
  }

 private:
  std::shared_ptr<const Program> program_;
  Layout layout_;
  size_t arena_, packed_, versions_, slots_, operands_;
};

}  // namespace danlu
