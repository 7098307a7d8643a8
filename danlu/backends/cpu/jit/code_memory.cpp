#include "danlu/backends/cpu/jit/code_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace danlu::cpu::jit {

CodeMemory::CodeMemory(std::span<const uint8_t> code) {
  if (code.empty()) return;
  void* pages =
      mmap(nullptr, code.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return;
  std::memcpy(pages, code.data(), code.size());
  if (mprotect(pages, code.size(), PROT_READ | PROT_EXEC) != 0) {
    const int reason = errno;
    munmap(pages, code.size());
    errno = reason;
    return;
  }
  data_ = static_cast<std::byte*>(pages);
  bytes_ = code.size();
}

CodeMemory::~CodeMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

CodeMemory::CodeMemory(CodeMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}

CodeMemory& CodeMemory::operator=(CodeMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

const std::string& code_memory_refusal() {
  static const std::string refusal = [] {
    const uint8_t nothing[] = {0xc3};
    if (!CodeMemory(nothing).empty()) return std::string();
    return std::string("the system gives no executable memory: ") + std::strerror(errno);
  }();
  return refusal;
}

}  // namespace danlu::cpu::jit
