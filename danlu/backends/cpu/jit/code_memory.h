#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace danlu::cpu::jit {

/// Pages that hold machine code. They are written first and made executable afterwards, so no
/// memory is ever writable and executable at once.
class CodeMemory {
 public:
  CodeMemory() = default;
  /// A copy of `code`, ready to run; empty when the system refuses the memory.
  explicit CodeMemory(std::span<const uint8_t> code);
  ~CodeMemory();
  CodeMemory(CodeMemory&& other) noexcept;
  CodeMemory& operator=(CodeMemory&& other) noexcept;

  bool empty() const { return data_ == nullptr; }
  const std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

/// Why this process gets no memory for code, or "". Asked once, then remembered.
const std::string& code_memory_refusal();

}  // namespace danlu::cpu::jit
